"""The kernel: what is true of a control file (dossier de contrôle), and how it is kept."""
