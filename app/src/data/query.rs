//! What a list is asked for, as the address bar says it. Pure.

use orchestra_model::{KindFilter, SessionKind};
use serde::{Deserialize, Serialize};

use crate::text;

/// How many sessions a page shows before it offers more.
pub const FIRST_ROWS: usize = 200;

/// A question to the list; every field is one parameter of the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListQuery {
    /// Words that must occur.
    pub q: Option<String>,
    /// `any`, or one kind's name; people's and agents' by default.
    pub kind: Option<String>,
    /// How far back.
    pub since: Option<Since>,
    /// One stretch of time, `<from>-<until>` in seconds since 1970.
    pub between: Option<String>,
    /// How many rows at most.
    pub limit: Option<usize>,
    /// Only this folder and below.
    pub dir: Option<String>,
}

/// How far back a list goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Since {
    /// The last 24 hours.
    #[serde(rename = "24h")]
    Day,
    /// The last seven days.
    #[serde(rename = "7d")]
    Week,
    /// The last thirty days.
    #[serde(rename = "30d")]
    Month,
    /// All there is.
    #[serde(rename = "all")]
    All,
}

impl Since {
    /// Every choice, the nearest first.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::All];

    /// As the address says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::All => "all",
        }
    }

    /// As a person reads it on a button.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Day => "24 h",
            Self::Week => "7 d",
            Self::Month => "30 d",
            Self::All => "All",
        }
    }

    /// As a sentence goes on: "41 sessions …".
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Day => "in the last 24 hours",
            Self::Week => "in the last 7 days",
            Self::Month => "in the last 30 days",
            Self::All => "at all",
        }
    }

    /// How many hours; none for all time.
    pub const fn hours(self) -> Option<i64> {
        match self {
            Self::Day => Some(24),
            Self::Week => Some(7 * 24),
            Self::Month => Some(30 * 24),
            Self::All => None,
        }
    }

    /// The next longer one.
    pub const fn longer(self) -> Option<Self> {
        match self {
            Self::Day => Some(Self::Week),
            Self::Week => Some(Self::Month),
            Self::Month => Some(Self::All),
            Self::All => None,
        }
    }
}

impl std::str::FromStr for Since {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|since| since.name() == text).ok_or(())
    }
}

impl ListQuery {
    /// Reads the parameters of an address; what makes no sense counts as not given.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            q: given("q"),
            kind: given("kind").filter(|kind| kind == "any" || one_kind(kind).is_some()),
            since: given("since").and_then(|since| since.parse().ok()),
            between: given("between"),
            limit: given("limit").and_then(|limit| limit.parse().ok()),
            dir: given("dir"),
        }
    }

    /// Which kinds are asked for.
    pub fn kinds(&self) -> KindFilter {
        match self.kind.as_deref() {
            Some("any") => KindFilter::Any,
            Some(name) => one_kind(name).map_or(KindFilter::Default, KindFilter::Only),
            None => KindFilter::Default,
        }
    }

    /// How many rows are asked for.
    pub fn rows(&self) -> usize {
        self.limit.unwrap_or(FIRST_ROWS).clamp(1, 20_000)
    }

    /// The stretch of time asked for, in milliseconds.
    pub fn stretch(&self) -> Option<(i64, i64)> {
        let (from, until) = self.between.as_deref()?.split_once('-')?;
        let (from, until) = (from.parse::<i64>().ok()?, until.parse::<i64>().ok()?);
        (from < until).then(|| (from.saturating_mul(1000), until.saturating_mul(1000)))
    }

    /// The address that asks this.
    pub fn href(&self) -> String {
        let mut parts = Vec::new();
        let mut add = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                parts.push(format!("{name}={}", text::url_encode(value)));
            }
        };
        add("dir", self.dir.as_deref());
        add("q", self.q.as_deref());
        add("kind", self.kind.as_deref());
        add("since", self.since.map(Since::name));
        add("between", self.between.as_deref());
        add("limit", self.limit.map(|limit| limit.to_string()).as_deref());
        let path = if self.dir.is_some() { "/projects" } else { "/sessions" };
        if parts.is_empty() { path.to_owned() } else { format!("{path}?{}", parts.join("&")) }
    }

    /// The same question over another time.
    #[must_use]
    pub fn with_since(&self, since: Since) -> Self {
        Self { since: Some(since), between: None, limit: None, ..self.clone() }
    }

    /// The same question for other kinds.
    #[must_use]
    pub fn with_kind(&self, kind: Option<&str>) -> Self {
        Self { kind: kind.map(str::to_owned), limit: None, ..self.clone() }
    }

    /// The same question within one stretch of time; none lifts it.
    #[must_use]
    pub fn with_stretch(&self, from_ms: i64, step_ms: i64) -> Self {
        let from = from_ms.div_euclid(1000);
        Self { between: Some(format!("{from}-{}", from + step_ms / 1000)), limit: None, ..self.clone() }
    }

    /// The same question without a stretch of time.
    #[must_use]
    pub fn without_stretch(&self) -> Self {
        Self { between: None, ..self.clone() }
    }

    /// The same question with other words.
    #[must_use]
    pub fn with_words(&self, words: &str) -> Self {
        let words = words.trim();
        Self { q: (!words.is_empty()).then(|| words.to_owned()), limit: None, ..self.clone() }
    }

    /// The same question with more rows.
    #[must_use]
    pub fn with_more_rows(&self) -> Self {
        Self { limit: Some(self.rows() * 5), ..self.clone() }
    }
}

fn one_kind(name: &str) -> Option<SessionKind> {
    SessionKind::ALL.into_iter().find(|kind| kind.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> ListQuery {
        ListQuery::read(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_address_says_what_it_reads() {
        let query = read(&[("q", " fix login "), ("since", "7d"), ("kind", "sdk"), ("between", "3600-7200")]);
        assert_eq!(query.href(), "/sessions?q=fix%20login&kind=sdk&since=7d&between=3600-7200");
        assert_eq!(query.stretch(), Some((3_600_000, 7_200_000)));
        assert_eq!(query.kinds(), KindFilter::Only(SessionKind::Sdk));
        assert_eq!(query.without_stretch().with_words("").with_kind(None).href(), "/sessions?since=7d");
    }

    #[test]
    fn nonsense_counts_as_not_given() {
        let query =
            read(&[("since", "ever"), ("kind", "x"), ("limit", "-1"), ("between", "9-1"), ("q", "  ")]);
        assert_eq!(query.href(), "/sessions?between=9-1");
        assert_eq!(query.stretch(), None);
        assert_eq!(query.rows(), FIRST_ROWS);
    }

    #[test]
    fn a_project_keeps_its_folder() {
        let query = read(&[("dir", "/home/ada/my shop")]);
        assert_eq!(query.with_since(Since::All).href(), "/projects?dir=/home/ada/my%20shop&since=all");
        assert_eq!(query.with_more_rows().limit, Some(1000));
    }
}
