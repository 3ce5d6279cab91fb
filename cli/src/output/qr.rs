//! A link as a square that a phone's camera reads.
//!
//! Two squares to a character, so that it is no taller than a screen, with the margin that cameras look for.

use std::fmt::{self, Write};

use anstyle::{Ansi256Color, Color, Style};
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

use super::Paint;

/// Black on white whatever the terminal's own colours are: these two are not part of its theme.
const BLACK_ON_WHITE: Style = Style::new()
    .fg_color(Some(Color::Ansi256(Ansi256Color(16))))
    .bg_color(Some(Color::Ansi256(Ansi256Color(231))));

/// A square, ready to be printed.
pub(crate) struct Square {
    lines: Vec<String>,
    paint: Paint,
}

impl Square {
    /// The square for a link; `None` when it would be wider than so many columns.
    pub(crate) fn of(link: &str, columns: usize, paint: Paint) -> Option<Self> {
        // On a screen nothing of it is ever torn off: the least correction makes the largest squares.
        let code = QrCode::with_error_correction_level(link, EcLevel::L).ok()?;
        let mut rendering = code.render::<Dense1x2>();
        if !paint.has_colours() {
            // Light on dark is the right way round on most terminals, and cameras read the other way too.
            rendering.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark);
        }
        let lines: Vec<String> = rendering.build().lines().map(str::to_owned).collect();
        let width = lines.first()?.chars().count();
        (width <= columns).then_some(Self { lines, paint })
    }
}

impl fmt::Display for Square {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            write!(formatter, "{}", self.paint.on(BLACK_ON_WHITE, line))?;
            formatter.write_char('\n')?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://192.168.178.123:4600/pair?code=AAAAAAAAAAAAAAAAAAAAAA";

    /// The squares of a printed code, dark as `true`, as a camera sees them on a screen of these colours.
    fn seen(text: &str, foreground_is_dark: bool) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in text.lines() {
            for upper in [true, false] {
                let row = line.chars().map(|character| {
                    let drawn = match character {
                        '█' => true,
                        '▀' => upper,
                        '▄' => !upper,
                        ' ' => false,
                        other => panic!("{other:?}"),
                    };
                    drawn == foreground_is_dark
                });
                rows.push(row.collect());
            }
        }
        rows
    }

    /// What the code is, without any drawing.
    fn meant(link: &str) -> Vec<Vec<bool>> {
        let code = QrCode::with_error_correction_level(link, EcLevel::L).unwrap();
        let margin = 4;
        let width = code.width() + 2 * margin;
        let inside = |at: usize| at.checked_sub(margin).filter(|at| *at < code.width());
        (0..width)
            .map(|y| {
                let dark = |x| match (inside(x), inside(y)) {
                    (Some(x), Some(y)) => code[(x, y)] == qrcode::Color::Dark,
                    _ => false,
                };
                (0..width).map(dark).collect()
            })
            .collect()
    }

    #[test]
    fn in_colours_it_is_black_on_white_with_its_margin() {
        let square = Square::of(LINK, 80, Paint::ALL).unwrap();
        let text = square.to_string();
        assert!(text.lines().all(|line| line.starts_with("\u{1b}[38;5;16m\u{1b}[48;5;231m")), "{text:?}");
        let plain = square.lines.join("\n");
        let mut wanted = meant(LINK);
        // Its height is odd: half of the last line is margin too.
        wanted.push(vec![false; wanted.len()]);
        assert_eq!(seen(&plain, true), wanted);
    }

    #[test]
    fn without_colours_it_is_right_on_a_dark_terminal() {
        let text = Square::of(LINK, 80, Paint::NONE).unwrap().to_string();
        assert!(!text.contains('\u{1b}'));
        let mut found = seen(&text, false);
        found.pop();
        assert_eq!(found, meant(LINK));
    }

    #[test]
    fn it_fits_the_terminal_or_is_not_shown() {
        let longest = format!("https://{}.ts.net:4600/pair?code={}", "a".repeat(240), "A".repeat(22));
        for link in [LINK, &longest] {
            assert!(Square::of(link, 80, Paint::NONE).is_some(), "{link}");
        }
        assert!(Square::of(LINK, 40, Paint::NONE).is_none());
    }
}
