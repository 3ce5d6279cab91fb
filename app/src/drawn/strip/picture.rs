//! The strip as SVG. Places across are shares of the width, places down are pixels, so that notes keep their shape on
//! any screen without a script. Everything written here is ours: numbers, and labels that the server made.

use std::fmt::Write as _;

use super::count::{Bin, Strip};
use crate::{
    data::ListQuery,
    text::{self, decimal},
};

/// How tall the strip is.
pub(super) const HEIGHT: u32 = 92;
/// Where the notes stand, and how high they may reach.
const GROUND: f64 = 70.0;
const ROOM: f64 = 64.0;
/// A note and the space above it, when there is room.
const NOTE: f64 = 8.0;

/// Draws a strip; every stretch is a link that shows it alone.
pub(super) fn draw(strip: &Strip, query: &ListQuery, offset_seconds: i32) -> String {
    let mut svg = String::new();
    for line in 0..5 {
        let y = decimal(GROUND + 0.5 - 16.0 * f64::from(line), 1);
        let _ = write!(svg, r#"<line class="staff" x1="0" x2="100%" y1="{y}" y2="{y}"/>"#);
    }
    let share = 100.0 / strip.bins.len().max(1) as f64;
    let unit = (ROOM / f64::from(strip.peak().max(1))).min(NOTE);
    let chosen = query.stretch().map(|(from, _)| from);
    for (index, bin) in strip.bins.iter().enumerate() {
        let x = index as f64 * share;
        let (left, room) = (decimal(x, 3), decimal(share, 3));
        let href = match chosen == Some(bin.from_ms) {
            true => query.without_stretch().href(),
            false => query.with_stretch(bin.from_ms, strip.step_ms).href(),
        };
        let class = if chosen == Some(bin.from_ms) { "bin is-chosen" } else { "bin" };
        let _ = write!(svg, r#"<a class="{class}" href="{}" tabindex="-1">"#, href.replace('&', "&amp;"));
        let when = text::stamp(bin.from_ms, offset_seconds);
        let sessions = text::plural(bin.sessions as usize, "session", "sessions");
        let _ = write!(svg, "<title>{when}: {sessions}</title>");
        let _ =
            write!(svg, r#"<rect class="bin-room" x="{left}%" y="0" width="{room}%" height="{HEIGHT}"/>"#);
        notes(&mut svg, bin, x, share, unit);
        svg.push_str("</a>");
        if !bin.label.is_empty() {
            let _ = write!(
                svg,
                r#"<line class="bar-line" x1="{left}%" x2="{left}%" y1="{}" y2="{}"/>"#,
                decimal(GROUND, 0),
                decimal(GROUND + 6.0, 0)
            );
            let anchor = if x > 92.0 { "end" } else { "start" };
            let at = if x > 92.0 { "100" } else { &left };
            let _ = write!(
                svg,
                r#"<text x="{at}%" dx="3" y="{}" text-anchor="{anchor}">{}</text>"#,
                HEIGHT - 6,
                bin.label
            );
        }
    }
    svg
}

/// The notes of one stretch: resting sessions below, then running ones, then those that wait.
fn notes(svg: &mut String, bin: &Bin, x: f64, share: f64, unit: f64) {
    let live = bin.running + bin.waiting;
    let kinds = [
        ("note", bin.sessions.saturating_sub(live)),
        ("note is-running", bin.running),
        ("note is-waiting", bin.waiting),
    ];
    let (x, width) = (decimal(x + share * 0.12, 3), decimal(share * 0.76, 3));
    let mut below = 0.0;
    for (class, count) in kinds {
        // Where single notes would be slivers, a kind is one bar.
        let (notes, height) =
            if unit < 5.0 { (count.min(1), unit * f64::from(count)) } else { (count, unit) };
        for _ in 0..notes {
            let gap = if unit < 5.0 { 0.0 } else { 2.0 };
            let (y, tall) =
                (decimal(GROUND - below - height + gap / 2.0, 1), decimal((height - gap).max(1.0), 1));
            let _ = write!(
                svg,
                r#"<rect class="{class}" x="{x}%" y="{y}" width="{width}%" height="{tall}" rx="2"/>"#
            );
            below += height;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(counts: &[u32]) -> Strip {
        let bins = counts.iter().enumerate().map(|(index, sessions)| Bin {
            from_ms: index as i64 * 3_600_000,
            sessions: *sessions,
            ..Bin::default()
        });
        Strip { bins: bins.collect(), step_ms: 3_600_000 }
    }

    #[test]
    fn a_session_is_a_note_until_there_are_too_many() {
        let few = draw(&strip(&[1, 3]), &ListQuery::default(), 0);
        assert_eq!(few.matches(r#"class="note""#).count(), 4);
        let many = draw(&strip(&[1, 300]), &ListQuery::default(), 0);
        assert_eq!(many.matches(r#"class="note""#).count(), 2);
    }

    #[test]
    fn nothing_reaches_beyond_the_staff() {
        for peak in [1, 8, 13, 40, 5000] {
            let svg = draw(&strip(&[peak]), &ListQuery::default(), 0);
            let top = svg
                .split(r#"class="note""#)
                .skip(1)
                .filter_map(|part| part.split(" y=\"").nth(1)?.split('"').next()?.parse::<f64>().ok());
            assert!(top.fold(f64::MAX, f64::min) >= GROUND - ROOM - 0.1, "{peak}: {svg}");
        }
    }

    #[test]
    fn a_chosen_stretch_leads_back_to_all() {
        let query = ListQuery::default().with_stretch(3_600_000, 3_600_000);
        let svg = draw(&strip(&[1, 1]), &query, 0);
        assert!(svg.contains(r#"<a class="bin is-chosen" href="/sessions""#), "{svg}");
        assert!(svg.contains(r#"href="/sessions?between=0-3600""#), "{svg}");
    }
}
