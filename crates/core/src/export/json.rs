//! The document for programs. The strings are exact: what [`crate::render::visible`] would take out or rewrite is
//! written as `\uXXXX`, so that a terminal shows it harmlessly and a parser gets it back unchanged.

use std::io;

use orchestra_model::{Session, Turn};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::render::is_hidden;

pub(super) fn write(
    session: &Session,
    turns: impl Iterator<Item = Turn>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut line = Vec::from(b"{\"session\":".as_slice());
    push(&mut line, session)?;
    line.extend_from_slice(b",\"turns\":[");
    let mut separator: &[u8] = b"\n";
    for turn in turns {
        line.extend_from_slice(separator);
        push(&mut line, &turn)?;
        out.write_all(&line)?;
        line.clear();
        separator = b",\n";
    }
    line.extend_from_slice(b"\n]}\n");
    out.write_all(&line)
}

fn push(out: &mut Vec<u8>, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Careful)).map_err(io::Error::from)
}

/// Compact JSON whose strings hold no hidden character as it is.
struct Careful;

impl Formatter for Careful {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, hidden)) = rest.char_indices().find(|(_, character)| is_hidden(*character)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + hidden.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}
