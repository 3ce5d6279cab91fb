//! Texts that may have been cut: shown safely, with a word on what is missing.

use leptos::prelude::*;
use orchestra_core::render;
use orchestra_model::Excerpt;

use crate::text;

/// Text as it is, every line kept.
pub(super) fn plain(excerpt: &Excerpt, class: &'static str) -> AnyView {
    view! {
        <div class=class>{render::visible(&excerpt.text).into_owned()}</div>
        {omitted(excerpt)}
    }
    .into_any()
}

/// Output of a program, or a file.
pub(super) fn output(excerpt: &Excerpt, is_error: bool) -> Option<AnyView> {
    let shown = render::visible(excerpt.text.trim_end()).into_owned();
    (!excerpt.is_empty()).then(|| {
        code_box(if is_error { "output output-error" } else { "output" }, shown.into_any(), omitted(excerpt))
    })
}

/// Code in a language, or of a file by its path.
pub(super) fn code(excerpt: &Excerpt, language_or_path: &str) -> AnyView {
    let html = render::highlight(excerpt.text.trim_end(), language_or_path);
    code_box("code", view! { <code inner_html=html></code> }.into_any(), omitted(excerpt))
}

/// A button that copies the code beside it.
const COPY: &str =
    r#"<button type="button" class="copy" data-copy="" aria-label="Copy the code">Copy</button>"#;

/// A scrollable box of code with a button that copies it.
fn code_box(class: &'static str, content: AnyView, note: Option<AnyView>) -> AnyView {
    view! {
        <div class="code-box">
            <button type="button" class="copy" data-copy="" aria-label="Copy the code">"Copy"</button>
            <pre class=class tabindex="0" role="group" aria-label="Code">{content}</pre>
            {note}
        </div>
    }
    .into_any()
}

/// Markdown as the engine's safe HTML, with a button on each block of code.
///
/// Headings become strong paragraphs: the page's outline is the page's own, not the model's.
pub(crate) fn markdown(excerpt: &Excerpt) -> AnyView {
    let mut html = render::markdown(&excerpt.text);
    for level in 1..=6 {
        html = html
            .replace(&format!("<h{level}>"), &format!("<p class=\"heading heading-{level}\">"))
            .replace(&format!("</h{level}>"), "</p>");
    }
    // `<` is escaped in every text, so a tag in the string is a tag in the document.
    let html = html
        .replace("<pre", &format!("<div class=\"code-box\">{COPY}<pre"))
        .replace("</pre>", "</pre></div>");
    view! {
        <div class="prose" inner_html=html></div>
        {omitted(excerpt)}
    }
    .into_any()
}

/// A word on what was too long to carry.
pub(super) fn omitted(excerpt: &Excerpt) -> Option<AnyView> {
    (excerpt.omitted > 0).then(|| {
        view! { <p class="omitted">{format!("{} more in the transcript; the export has it whole.", text::size(excerpt.omitted))}</p> }
            .into_any()
    })
}
