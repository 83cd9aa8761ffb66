# SPDX-License-Identifier: EUPL-1.2
# Pictures and documents with everything in them that must not be served, made anew for each test, and how they are brought.
import io
import itertools
import struct
import zlib

from PIL import Image, PngImagePlugin

from support import answer

JPEG, PNG, WEBP, PDF = "image/jpeg", "image/png", "image/webp", "application/pdf"
SECRET = b"Erika Mustermann"  # stands in every piece of metadata
GPS_LATITUDE = 0x0002
_numbers = itertools.count(1)
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><dc:creator>' + SECRET + b"</dc:creator></rdf:RDF></x:xmpmeta>"


def picture(width=64, height=48, mode="RGB"):
    """One nobody else has: colours in blocks of 16, so that a JPEG of it can be compared."""
    n = next(_numbers)
    image = Image.new(mode, (width, height))
    for x in range(0, width, 16):
        for y in range(0, height, 16):
            image.paste((((n * 37) + x * 3) % 256, (n // 7 * 41 + y * 5) % 256, (x + y + n * 11) % 256) + (180,) * (mode == "RGBA"),
                        (x, y, x + 16, y + 16))
    return image


def exif(orientation=1):
    data = Image.Exif()
    data[0x0112], data[0x010F], data[0x9003] = orientation, SECRET.decode(), "2026:01:01 00:00:00"
    data.get_ifd(0x8825).update({1: "N", GPS_LATITUDE: (51.0, 27.0, 20.0), 3: "E", 4: (7.0, 0.0, 40.0)})
    return data


def saved(image, form, **options):
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def jpeg(orientation=1, image=None, **options):
    """With place, camera, a comment and XMP."""
    data = saved(image or picture(), "JPEG", exif=exif(orientation), quality=95, comment=SECRET, **options)
    note = b"http://ns.adobe.com/xap/1.0/\0" + XMP
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(note) + 2) + note + data[2:] + SECRET


def png(image=None, **options):
    """With text in three chunks, place and time."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", SECRET.decode())
    info.add_text("Comment", SECRET.decode() * 20, zip=True)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    info.add(b"tIME", struct.pack(">HBBBBB", 2026, 1, 1, 0, 0, 0))
    return saved(image or picture(), "PNG", pnginfo=info, exif=exif(6), **options) + SECRET


def webp(image=None, **options):
    return saved(image or picture(), "WEBP", exif=exif(3).tobytes(), xmp=XMP, **options)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_claiming(width, height, data=b""):
    """A header that promises so many pixels, and data."""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


def jpeg_claiming(width, height):
    data = saved(picture(), "JPEG")
    at = data.index(b"\xff\xc0")
    return data[:at + 5] + struct.pack(">HH", height, width) + data[at + 9:]


def pdf(catalogue=b"", objects=(), trailer=b""):
    """A page with author, XMP, a script and a file attached; more objects are numbered from 20."""
    stream = b"BT /F1 12 Tf 20 50 Td (Seite %d) Tj ET" % next(_numbers)
    parts = {
        1: b"<< /Type /Catalog /Pages 2 0 R /Metadata 6 0 R /OpenAction 8 0 R /AA << /WC 8 0 R >> /Lang (de)"
           b" /Names << /JavaScript << /Names [(run) 8 0 R] >> /EmbeddedFiles << /Names [(a) 9 0 R] >> >> " + catalogue + b" >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R /Resources << /Font << /F1 5 0 R /EF 5 0 R >> >>"
           b" /PieceInfo << /App << /Private (" + SECRET + b") >> >> /Annots [11 0 R << /Type /Annot /Subtype /Link /Rect [0 0 9 9]"
           b" /A << /S /JavaScript /JS (app.alert\\(7\\)) >> >>] >>",
        4: b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        6: b"<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream" % (len(XMP), XMP),
        7: b"<< /Author (" + SECRET + b") /CreationDate (D:20260101) /Producer (Werkzeug) >>",
        8: b"<< /Type /Action /S /JavaScript /JS (app.alert\\(8\\)) >>",
        9: b"<< /Type /Filespec /F (geheim.exe) /EF << /F 10 0 R >> >>",
        10: b"<< /Type /EmbeddedFile /Length 16 >>\nstream\n" + SECRET + b"\nendstream",
        11: b"<< /Type /Annot /Subtype /FileAttachment /Rect [0 0 9 9] /FS 9 0 R >>",
    } | dict(enumerate(objects, 20))
    out, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", {}
    for number, body in parts.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, size = len(out), max(parts) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += b"%010d 00000 %c \n" % (places.get(number, 0), b"n"[0] if number in places else b"f"[0])
    return out + b"trailer << /Size %d /Root 1 0 R /Info 7 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)


def send(editor, data, kind=PNG, city=None):
    return editor.call("POST", "/v1/media" + (f"?city={city}" if city else ""), content=data, headers={"Content-Type": kind})


def upload(editor, data, kind=PNG):
    """The record of something new."""
    response = send(editor, data, kind)
    made = answer(response, 201)
    assert response.headers["Location"] == made["url"] == f"/v1/media/{made['hash']}"
    return made


def describe(editor, made, body):
    etag = editor.get(f"/v1/media/{made['hash']}/record").headers["ETag"]
    return editor.patch(f"/v1/media/{made['hash']}", body, headers={"If-Match": etag})
