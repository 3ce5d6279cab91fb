//! What of an agent's page is in front, where there is no room for all of it.

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// The conversation.
    Talk,
    /// What it changed.
    Changes,
    /// What it came to.
    Result,
}

impl Tab {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Talk, Self::Changes, Self::Result];

    /// The part that an address names.
    pub fn named(name: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|tab| Some(tab.name()) == name).unwrap_or(Self::Talk)
    }

    /// Its name in an address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Talk => "talk",
            Self::Changes => "changes",
            Self::Result => "result",
        }
    }

    /// Its name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Talk => "Talk",
            Self::Changes => "Changes",
            Self::Result => "Result",
        }
    }

    /// Its address.
    pub fn href(self, agent: &str) -> String {
        match self {
            Self::Talk => format!("/agents/{agent}"),
            _ => format!("/agents/{agent}?tab={}", self.name()),
        }
    }
}
