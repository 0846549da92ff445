//! Kinds of files that can do harm when somebody opens them, by their names and by how they begin.

/// A kind of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Programs, installers, and images that systems open like a drive.
    Programs,
    /// Text that a system runs.
    Scripts,
    /// Documents that run something.
    Macros,
    /// What hides what is inside.
    Archives,
}

impl Kind {
    /// All, with their names in the configuration.
    pub(crate) const ALL: [(&'static str, Self); 4] = [
        ("programs", Self::Programs),
        ("scripts", Self::Scripts),
        ("macros", Self::Macros),
        ("archives", Self::Archives),
    ];
    /// Those that nobody needs by mail.
    pub(crate) const USUAL: [Self; 3] = [Self::Programs, Self::Scripts, Self::Macros];

    /// The kind of the file `name` that begins with `head`, or of which `head` is all.
    pub(crate) fn of(name: &str, head: &[u8]) -> Option<Self> {
        Self::by_content(head).or_else(|| Self::by_name(name))
    }

    fn by_name(name: &str) -> Option<Self> {
        let (_, suffix) = name.trim_end_matches(['.', ' ']).rsplit_once('.')?;
        let suffix = suffix.trim().to_ascii_lowercase();
        let is_one_of = |(suffixes, _): &&(&[&str], Self)| suffixes.contains(&suffix.as_str());
        SUFFIXES.iter().find(is_one_of).map(|(_, kind)| *kind)
    }

    fn by_content(head: &[u8]) -> Option<Self> {
        let begins = |(magic, _): &&(&[u8], Self)| head.starts_with(magic);
        let kind = MAGIC.iter().find(begins).map(|(_, kind)| *kind);
        let holds = |part: &[u8]| memchr::memmem::find(head, part).is_some();
        // Where the parts of a document are named (ECMA-376, [MS-OVBA] 2.2.1).
        let has_macros = match kind {
            Some(Self::Archives) => holds(b"vbaProject.bin"),
            None => head.starts_with(OLE) && holds(VBA),
            _ => false,
        };
        let is_document = holds(b"[Content_Types].xml") || holds(b"mimetypeapplication/vnd.oasis");
        match kind {
            _ if has_macros => Some(Self::Macros),
            // Documents are archives by their form only.
            Some(Self::Archives) if is_document => None,
            kind => kind,
        }
    }
}

const SUFFIXES: &[(&[&str], Kind)] = &[
    (
        &[
            "apk", "app", "appx", "com", "cpl", "dll", "dmg", "exe", "gadget", "img", "iso", "jar",
            "lnk", "msi", "msix", "msp", "ocx", "pif", "pkg", "scr", "sys", "vhd", "vhdx",
        ],
        Kind::Programs,
    ),
    (
        &[
            "bat", "chm", "cmd", "hta", "inf", "js", "jse", "msc", "pl", "ps1", "psm1", "py", "rb",
            "reg", "scf", "sct", "sh", "url", "vb", "vbe", "vbs", "wsc", "wsf", "wsh",
        ],
        Kind::Scripts,
    ),
    (
        &[
            "docm", "dotm", "potm", "ppam", "ppsm", "pptm", "sldm", "xla", "xlam", "xll", "xlm",
            "xlsb", "xlsm", "xltm",
        ],
        Kind::Macros,
    ),
    (
        &[
            "7z", "ace", "arj", "bz2", "cab", "gz", "lzh", "rar", "tar", "tbz2", "tgz", "txz",
            "xz", "z", "zip", "zst",
        ],
        Kind::Archives,
    ),
];

const MAGIC: &[(&[u8], Kind)] = &[
    (b"MZ", Kind::Programs),
    (b"\x7fELF", Kind::Programs),
    (b"\xfe\xed\xfa\xce", Kind::Programs),
    (b"\xfe\xed\xfa\xcf", Kind::Programs),
    (b"\xce\xfa\xed\xfe", Kind::Programs),
    (b"\xcf\xfa\xed\xfe", Kind::Programs),
    (b"\xca\xfe\xba\xbe", Kind::Programs),
    (b"L\0\0\0\x01\x14\x02\0", Kind::Programs),
    (b"#!", Kind::Scripts),
    (b"PK\x03\x04", Kind::Archives),
    (b"7z\xbc\xaf\x27\x1c", Kind::Archives),
    (b"Rar!\x1a\x07", Kind::Archives),
    (b"MSCF", Kind::Archives),
    (b"\x1f\x8b", Kind::Archives),
    (b"BZh", Kind::Archives),
    (b"\xfd7zXZ\0", Kind::Archives),
    (b"\x28\xb5\x2f\xfd", Kind::Archives),
];
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// `_VBA_` in UTF-16, as the names of streams are written.
const VBA: &[u8] = b"_\0V\0B\0A\0_\0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_is_called_or_how_it_begins() {
        let ole = [OLE, b"..", VBA].concat();
        for (name, head, expected) in [
            ("rechnung.pdf.exe", &b""[..], Some(Kind::Programs)),
            ("RECHNUNG.EXE. ", b"", Some(Kind::Programs)),
            ("rechnung.pdf", b"MZ\x90\0", Some(Kind::Programs)),
            ("rechnung.txt", b"#!/bin/sh", Some(Kind::Scripts)),
            ("antrag.docm", b"", Some(Kind::Macros)),
            ("antrag.doc", &ole, Some(Kind::Macros)),
            ("antrag.doc", OLE, None),
            ("antrag.docx", b"PK\x03\x04..[Content_Types].xml..vbaProject.bin", Some(Kind::Macros)),
            ("antrag.docx", b"PK\x03\x04..[Content_Types].xml..", None),
            ("fotos.zip", b"PK\x03\x04", Some(Kind::Archives)),
            ("antrag.pdf", b"%PDF-1.7", None),
            ("exe", b"", None),
        ] {
            assert_eq!(Kind::of(name, head), expected, "{name}");
        }
    }
}
