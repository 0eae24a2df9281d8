"""Commands of ``medcontrol``, one module a subject; heavy parts load where they are needed."""
