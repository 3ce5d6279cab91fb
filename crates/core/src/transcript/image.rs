//! Pictures, fetched from the line that holds them.

use std::fs::File;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use orchestra_model::ImageRef;
use serde::de::Error as _;

use super::{
    TranscriptError,
    lines::whole_line,
    record::{Block, BlockKind, Content, Record, read_content},
    text::RawText,
};
use crate::jsonl::read_around;

/// The largest picture that is handed out, in bytes.
const LARGEST: usize = 32 << 20;
/// A line with the largest picture twice (the client notes it again beside the result), and some words.
const LONGEST_LINE: usize = 3 * LARGEST + (1 << 20);

/// The bytes of a picture.
pub(super) fn image(file: &File, reference: &ImageRef) -> Result<Vec<u8>, TranscriptError> {
    let line = whole_line(file, reference.line_offset, LONGEST_LINE).map_err(TranscriptError::Read)?;
    let line = line.ok_or(TranscriptError::ImageTooLarge)?;
    let mut found = None;
    read_around(&line, |text| {
        let record = Record::read(text).map_err(|_| serde_json::Error::custom("not a record"))?;
        let mut index = 0;
        for block in record.blocks() {
            if found.is_none() {
                found = find(block, reference.index, &mut index);
            }
        }
        Ok(())
    });
    found.unwrap_or(Err(TranscriptError::NoSuchImage))
}

fn find(block: &Block<'_>, wanted: u32, index: &mut u32) -> Option<Result<Vec<u8>, TranscriptError>> {
    match block.kind {
        BlockKind::Image => {
            let here = *index == wanted;
            *index += 1;
            here.then(|| decode(block))
        }
        BlockKind::ToolResult => {
            let Ok(Content::Blocks(parts)) = read_content(&mut block.content?.scan()) else { return None };
            parts
                .iter()
                .filter(|part| part.kind == BlockKind::Image)
                .find_map(|part| find(part, wanted, index))
        }
        _ => None,
    }
}

fn decode(block: &Block<'_>) -> Result<Vec<u8>, TranscriptError> {
    let data = block.source.and_then(|source| source.text_field(b"data"));
    let Some(RawText(data)) = data else { return Err(TranscriptError::NoSuchImage) };
    if data.len() / 4 * 3 > LARGEST {
        return Err(TranscriptError::ImageTooLarge);
    }
    let forgiving = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&alphabet::STANDARD, forgiving);
    engine.decode(data).map_err(|_| TranscriptError::NoSuchImage)
}
