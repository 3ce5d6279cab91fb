//! What keys mean in the picker.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::state::State;

/// How far the page keys move.
const PAGE: isize = 8;

/// What a key asks of the picker as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Take the selected session.
    Pick {
        /// In a copy.
        fork: bool,
    },
    /// Leave without a choice.
    Leave,
    /// Go on.
    Nothing,
}

/// Does what a key says to the filter and the selection; answers with the rest.
pub(super) fn act(event: &Event, state: &mut State) -> Act {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => press(*key, state),
        Event::Paste(text) => {
            state.edit(|query| query.extend(text.chars().filter(|character| !character.is_control())));
            Act::Nothing
        }
        _ => Act::Nothing,
    }
}

fn press(key: KeyEvent, state: &mut State) -> Act {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match (key.code, control) {
        (KeyCode::Enter, _) => return Act::Pick { fork: false },
        (KeyCode::Char('f'), true) => return Act::Pick { fork: true },
        (KeyCode::Esc, _) | (KeyCode::Char('c' | 'g' | 'd'), true) => return Act::Leave,
        (KeyCode::Up, _) | (KeyCode::Char('p' | 'k'), true) => state.move_by(-1),
        (KeyCode::Down, _) | (KeyCode::Char('n' | 'j'), true) => state.move_by(1),
        (KeyCode::PageUp, _) => state.move_by(-PAGE),
        (KeyCode::PageDown, _) => state.move_by(PAGE),
        (KeyCode::Home, _) => state.move_by(isize::MIN),
        (KeyCode::End, _) => state.move_by(isize::MAX),
        (KeyCode::Backspace, false) => state.edit(|query| _ = query.pop()),
        (KeyCode::Char('u'), true) => state.edit(String::clear),
        (KeyCode::Char('w'), true) | (KeyCode::Backspace, true) => state.edit(delete_word),
        (KeyCode::Char(character), false) => state.edit(|query| query.push(character)),
        _ => {}
    }
    Act::Nothing
}

fn delete_word(query: &mut String) {
    let kept = query.trim_end().rfind(' ').map_or(0, |at| at + 1);
    query.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[(KeyCode, KeyModifiers)]) -> (String, Vec<Act>) {
        let mut state = State::new("");
        let acts = keys
            .iter()
            .map(|(code, with)| act(&Event::Key(KeyEvent::new(*code, *with)), &mut state))
            .collect();
        (state.query().to_owned(), acts)
    }

    #[test]
    fn letters_filter_and_control_letters_act() {
        let plain = |character| (KeyCode::Char(character), KeyModifiers::NONE);
        let control = |character| (KeyCode::Char(character), KeyModifiers::CONTROL);
        let (query, acts) =
            typed(&[plain('f'), plain('x'), plain(' '), plain('y'), control('w'), control('f')]);
        assert_eq!(query, "fx ");
        assert_eq!(acts.last(), Some(&Act::Pick { fork: true }));
        let (query, acts) = typed(&[plain('é'), control('u'), control('c')]);
        assert_eq!((query.as_str(), acts.last()), ("", Some(&Act::Leave)));
        assert_eq!(typed(&[(KeyCode::Enter, KeyModifiers::NONE)]).1, [Act::Pick { fork: false }]);
    }

    #[test]
    fn a_pasted_line_break_does_not_choose() {
        let mut state = State::new("");
        assert_eq!(act(&Event::Paste("two\nlines".to_owned()), &mut state), Act::Nothing);
        assert_eq!(state.query(), "twolines");
    }
}
