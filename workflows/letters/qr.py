"""QR codes of letters, slips and paper files, as drawings."""

import io

import segno

#: What may be lost of the picture and still be read: 15 % (level M of ISO/IEC 18004).
_ERROR = "m"


def qr_svg(text: str) -> str:
    """Return a QR code of a text as SVG, with the quiet zone of four modules around it."""
    out = io.BytesIO()
    segno.make(text, error=_ERROR, micro=False).save(
        out, kind="svg", border=4, xmldecl=False, svgclass=None, lineclass=None, scale=4
    )
    return out.getvalue().decode()
