//! One line of a table: cells in their columns.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use anstyle::Style;

use super::{Paint, text};

/// Spaces between two columns.
pub(crate) const GAP: usize = 2;

/// Writes cells, each already cut to its column. A column of no width is left out; nothing trails behind the last word.
pub(crate) fn write_row(
    cells: &[(Cow<'_, str>, Style)],
    widths: &[usize],
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut owed = String::new();
    for ((cell, style), columns) in cells.iter().zip(widths).filter(|(_, columns)| **columns > 0) {
        if !cell.is_empty() {
            write!(out, "{owed}{}", paint.on(*style, cell))?;
            owed.clear();
        }
        owed.push_str(&text::padding(cell, *columns));
        owed.push_str(&" ".repeat(GAP));
    }
    writeln!(out)
}
