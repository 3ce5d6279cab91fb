//! What one listener has heard, and what it hears next.

use std::collections::HashMap;
use std::sync::Arc;

use orchestra_app::data::{News, Written};
use orchestra_core::agents::Words;

use super::{Next, encode};

/// How far a listener came, and whose words it wants.
pub(super) struct Ear {
    /// The number of the last event that it was told, or had no need of.
    place: u64,
    /// Whose words it wants to hear; everybody's when it does not say.
    wanted: Option<String>,
    /// What it was told: of each agent which piece, and up to where.
    told: HashMap<String, (u64, u64)>,
}

/// Something for a listener.
pub(super) struct Told {
    /// The number to come back with.
    pub(super) number: u64,
    /// The event.
    pub(super) json: Arc<str>,
}

impl Ear {
    pub(super) fn new(place: u64, wanted: Option<String>) -> Self {
        Self { place, wanted, told: HashMap::new() }
    }

    pub(super) const fn place(&self) -> u64 {
        self.place
    }

    /// The next that it has need of, in what comes after a place; `None` when it knows all there is. Nobody wakes it again
    /// for what there is already, so words that it does not want are passed over here.
    pub(super) fn next(&mut self, after: impl Fn(u64) -> Next) -> Option<Told> {
        loop {
            match after(self.place) {
                Next::Event(number, json) => {
                    self.place = number;
                    return Some(Told { number, json });
                }
                Next::Words(number, words) => {
                    self.place = number;
                    if let Some(told) = self.hear(&words) {
                        return Some(told);
                    }
                }
                Next::Lost(latest) => {
                    self.place = latest;
                    return Some(Told { number: latest, json: encode(&News::resync().numbered(latest)) });
                }
                Next::UpToDate => return None,
            }
        }
    }

    /// What it was not told yet of an agent's words, told where it is.
    pub(super) fn hear(&mut self, words: &Words) -> Option<Told> {
        let written = self.lacks(words)?;
        Some(Told { number: self.place, json: encode(&News::of_words(written).numbered(self.place)) })
    }

    fn lacks(&mut self, words: &Words) -> Option<Written> {
        let agent = words.agent.to_string();
        if self.wanted.as_ref().is_some_and(|wanted| *wanted != agent) {
            return None;
        }
        let end = words.omitted + words.text.len() as u64;
        let told = self.told.insert(agent.clone(), (words.number, end));
        let from = match told {
            Some((number, told)) if number == words.number && told >= words.omitted => told,
            _ => words.omitted,
        };
        if told == Some((words.number, end)) {
            return None;
        }
        let begin = usize::try_from(from - words.omitted).ok()?;
        let text = words.text.get(begin..).unwrap_or(&words.text).to_owned();
        Some(Written { agent, number: words.number, at: from, text })
    }
}

#[cfg(test)]
mod tests {
    use super::super::ring::{Current, Key, Ring};
    use super::*;

    fn words(agent: &str, number: u64, text: &str) -> Words {
        Words { agent: agent.parse().unwrap(), number, omitted: 0, text: text.to_owned() }
    }

    #[test]
    fn a_listener_is_told_what_it_lacks_of_the_words_that_it_wants() {
        let mut ear = Ear::new(0, Some("aaaa2345".to_owned()));
        let mut hears =
            |words: &Words| ear.lacks(words).map(|written| (written.number, written.at, written.text));
        assert_eq!(hears(&words("aaaa2345", 1, "Hel")), Some((1, 0, "Hel".to_owned())));
        assert_eq!(hears(&words("aaaa2345", 1, "Hello")), Some((1, 3, "lo".to_owned())));
        assert_eq!(hears(&words("aaaa2345", 1, "Hello")), None);
        assert_eq!(hears(&words("bbbb2345", 1, "Somebody else's")), None);
        assert_eq!(hears(&words("aaaa2345", 2, "")), Some((2, 0, String::new())));
    }

    #[test]
    fn without_a_wish_everybody_is_heard_and_with_an_empty_one_nobody() {
        let hears = |wanted: Option<&str>| {
            let mut ear = Ear::new(0, wanted.map(str::to_owned));
            ["aaaa2345", "bbbb2345"].map(|agent| ear.lacks(&words(agent, 1, "words")).is_some())
        };
        assert_eq!((hears(None), hears(Some(""))), ([true, true], [false, false]));
    }

    #[test]
    fn what_follows_words_that_it_has_no_need_of_is_not_kept_from_it() {
        let mut ring = Ring::after(10);
        for agent in ["bbbb2345", "cccc2345"] {
            let written = words(agent, 1, "Somebody else's");
            ring.replace(Key::Words(agent.to_owned()), |_| Current::Words(Arc::new(written)));
        }
        ring.push(|_| "a session".into());
        let mut ear = Ear::new(10, Some("aaaa2345".to_owned()));
        let mut next = || ear.next(|place| ring.next(place)).map(|told| (told.number, told.json.to_string()));
        assert_eq!(next(), Some((13, "a session".to_owned())));
        assert_eq!(next(), None);
        assert_eq!(ear.place(), 13);
    }
}
