# SPDX-License-Identifier: EUPL-1.2
# Files that people send about a service request, made anew for each test: one of each kind, and archives that are traps.
import io
import zipfile

import media_files
from support import answer

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT, ODS = "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet"
TEXT = "text/plain"
MAIN = {DOCX: ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
        XLSX: ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml")}
ENDINGS = {media_files.PDF: "pdf", media_files.JPEG: "jpg", media_files.PNG: "png", media_files.WEBP: "webp", TEXT: "txt",
           DOCX: "docx", XLSX: "xlsx", ODT: "odt", ODS: "ods"}


class Streamed(io.RawIOBase):
    """Goes forward only: sizes come behind what they are of, as programs that stream write them."""

    def __init__(self):
        self.bytes = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.bytes += data
        return len(data)


def archive(parts, out=None, method=zipfile.ZIP_DEFLATED):
    """A ZIP of (name or ZipInfo, bytes)."""
    file = out or io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, data in parts:
            made.writestr(name, data, zipfile.ZIP_STORED if name == "mimetype" else method)
    return bytes(file.bytes) if out else file.getvalue()


def ooxml(kind=DOCX, more=(), types=None, out=None):
    part, main = MAIN[kind]
    types = types or main
    listed = (f'<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
              f'<Override PartName="/{part}" ContentType="{types}"/></Types>')
    return archive([("[Content_Types].xml", listed.encode()), ("_rels/.rels", b"<Relationships/>"), (part, b"<document/>" * 50), *more], out)


def opendocument(kind=ODT, more=()):
    return archive([("mimetype", kind.encode()), ("content.xml", b"<office:document-content/>"), ("META-INF/manifest.xml", b"<manifest/>"), *more])


MAKERS = {media_files.PDF: media_files.pdf, media_files.JPEG: media_files.jpeg, media_files.PNG: media_files.png, media_files.WEBP: media_files.webp,
          TEXT: lambda: "Größe: 3 Zeugnisse\r\n\tfür Frau Öztürk, 王\n".encode(), DOCX: ooxml, XLSX: lambda: ooxml(XLSX), ODT: opendocument,
          ODS: lambda: opendocument(ODS)}


def patched(data, signature, offset, value):
    """Every record of that signature with other bytes at offset."""
    at, out = -1, bytearray(data)
    while (at := out.find(signature, at + 1)) >= 0:
        out[at + offset:at + offset + len(value)] = value
    return bytes(out)


def bring(person, requester, data=b"Text", kind=TEXT, name=None, key=None, **more):
    """The answer to sending a file."""
    return person.call("POST", f"{requester.path}/attachments", content=data, headers={"Content-Type": kind} | ({"Idempotency-Key": key} if key else {}),
                       params={"name": name or f"file.{ENDINGS[kind]}", **more})


def brought(*arguments, **options):
    return answer(bring(*arguments, **options), 201)
