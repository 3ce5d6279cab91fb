//! The score of a list: how many sessions were active in each stretch of time. Pure.

const HOUR: i64 = 3_600_000;

/// The score above a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strip {
    /// The stretches, oldest first.
    pub(crate) bins: Vec<Bin>,
    /// How long each is, in milliseconds.
    pub(crate) step_ms: i64,
}

/// One stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bin {
    /// When it begins.
    pub(crate) from_ms: i64,
    /// The label under it, where there is one.
    pub(crate) label: String,
    /// How many sessions were active in it.
    pub(crate) sessions: u32,
    /// How many of them are running now.
    pub(crate) running: u32,
    /// How many of them wait for their owner now.
    pub(crate) waiting: u32,
}

/// When a session is taken to have been active: from its start to its last moment when that is one sitting, else
/// around its two ends only, because a list does not read what lies between.
pub(crate) fn stretches(started_ms: Option<i64>, active_ms: i64) -> [Option<(i64, i64)>; 2] {
    const SITTING: i64 = 8 * HOUR;
    match started_ms {
        Some(start) if start <= active_ms && active_ms - start <= SITTING => [Some((start, active_ms)), None],
        Some(start) if start <= active_ms => [Some((start, start)), Some((active_ms, active_ms))],
        _ => [Some((active_ms, active_ms)), None],
    }
}

/// What a session adds to the strip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    /// Its first moment.
    pub(crate) started_ms: Option<i64>,
    /// Its last.
    pub(crate) active_ms: i64,
    /// Whether it runs now.
    pub(crate) running: bool,
    /// Whether it waits for its owner now.
    pub(crate) waiting: bool,
}

/// Counts sessions into `count` stretches of `step_ms` from `from_ms` on.
pub(crate) fn count(voices: impl Iterator<Item = Voice>, from_ms: i64, step_ms: i64, count: usize) -> Strip {
    let mut bins: Vec<Bin> =
        (0..count as i64).map(|index| Bin { from_ms: from_ms + index * step_ms, ..Bin::default() }).collect();
    let end_ms = from_ms + count as i64 * step_ms;
    for voice in voices {
        let mut last_counted = None;
        for (start, end) in stretches(voice.started_ms, voice.active_ms).into_iter().flatten() {
            if end < from_ms || start >= end_ms {
                continue;
            }
            let first = ((start.max(from_ms) - from_ms) / step_ms) as usize;
            let last = ((end.min(end_ms - 1) - from_ms) / step_ms) as usize;
            for index in first..=last {
                if last_counted.is_none_or(|counted| index > counted) {
                    last_counted = Some(index);
                    if let Some(bin) = bins.get_mut(index) {
                        bin.sessions += 1;
                    }
                }
            }
        }
        // A live session sounds now, however long ago it last wrote.
        let sounding = last_counted.and_then(|index| bins.get_mut(index));
        if let Some(bin) = sounding {
            bin.running += u32::from(voice.running);
            bin.waiting += u32::from(voice.waiting);
        }
    }
    Strip { bins, step_ms }
}

impl Strip {
    /// The most sessions of any stretch.
    pub(crate) fn peak(&self) -> u32 {
        self.bins.iter().map(|bin| bin.sessions).max().unwrap_or(0)
    }

    /// The busiest stretch, when anything happened at all.
    pub(crate) fn busiest(&self) -> Option<&Bin> {
        self.bins.iter().filter(|bin| bin.sessions > 0).max_by_key(|bin| bin.sessions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(started_ms: Option<i64>, active_ms: i64) -> Voice {
        Voice { started_ms, active_ms, running: false, waiting: false }
    }

    fn counts(strip: &Strip) -> Vec<u32> {
        strip.bins.iter().map(|bin| bin.sessions).collect()
    }

    #[test]
    fn a_sitting_sounds_in_every_hour_it_touches() {
        let strip = count([voice(Some(HOUR / 2), 2 * HOUR)].into_iter(), 0, HOUR, 4);
        assert_eq!(counts(&strip), [1, 1, 1, 0]);
        assert_eq!(strip.peak(), 1);
    }

    #[test]
    fn a_session_of_days_sounds_at_its_ends_only() {
        let strip = count([voice(Some(0), 11 * HOUR)].into_iter(), 0, HOUR, 12);
        assert_eq!(counts(&strip), [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn what_lies_outside_is_not_counted_and_clocks_may_be_wrong() {
        let voices =
            [voice(Some(-5 * HOUR), -4 * HOUR), voice(Some(9 * HOUR), 3 * HOUR), voice(None, 99 * HOUR)];
        assert_eq!(counts(&count(voices.into_iter(), 0, HOUR, 4)), [0, 0, 0, 1]);
    }

    #[test]
    fn a_session_counts_once_in_a_stretch_that_holds_both_its_ends() {
        let strip = count([voice(Some(0), 12 * HOUR)].into_iter(), 0, 24 * HOUR, 1);
        assert_eq!(counts(&strip), [1]);
    }

    #[test]
    fn live_sessions_are_marked_where_they_last_sounded() {
        let live = Voice { waiting: true, ..voice(Some(0), HOUR) };
        let strip = count([live].into_iter(), 0, HOUR, 3);
        assert_eq!(strip.bins[1].waiting, 1);
        assert_eq!(strip.bins[0].waiting, 0);
    }
}
