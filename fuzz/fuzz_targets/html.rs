//! What HTML of ours may hold.

use orchestra_core::render::MARKDOWN_TAGS;

const ATTRIBUTES: &[&str] = &["href", "rel", "class", "tabindex", "role", "aria-label", "start", "scope"];

/// Whether a character may stand in what is shown.
pub fn is_shown(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Every `<` begins a tag of the list, with attributes of the list, quoted.
pub fn check_html(html: &str) {
    for rest in html.split('<').skip(1) {
        let inside = rest.split('>').next().unwrap_or("").trim_start_matches('/');
        let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
        assert!(MARKDOWN_TAGS.contains(&name), "<{inside}>");
        while let Some((attribute, value)) = rest.split_once("=\"") {
            assert!(ATTRIBUTES.contains(&attribute.trim()), "<{inside}>");
            let (value, after) = value.split_once('"').expect("a quoted value ends");
            if attribute.trim() == "href" {
                let scheme = value.split(':').next().unwrap_or("").to_ascii_lowercase();
                assert!(matches!(scheme.as_str(), "http" | "https" | "mailto"), "<{inside}>");
            }
            rest = after;
        }
        assert_eq!(rest.trim(), "", "<{inside}>");
    }
}
