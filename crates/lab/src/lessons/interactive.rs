//! What a fenced block `widget NAME` may place: parts of the prose that one can work with. Their
//! program is a module of its own, `src/widgets/`, which a page loads when one of them comes near.

use super::widgets::escape;

/// Every name, and the title that stands above it.
const WIDGETS: [(&str, &str); 8] = [
    ("table-and-documents", "The table and the documents"),
    ("monte-carlo", "Ten thousand elections"),
    ("quorum-table", "The table and this cluster"),
    ("availability", "How long too few are up"),
    ("service-generator", "Unit files for your own machines"),
    ("chart-latency", "How long your writes took"),
    ("chart-terms", "Terms and leaders"),
    ("chart-writes", "What your writes came to"),
];

/// The names that there are, for a message.
pub(super) fn names() -> String {
    WIDGETS.map(|(name, _)| name).join(", ")
}

/// The title of a widget, if there is one of that name.
pub(super) fn title(name: &str) -> Option<&'static str> {
    WIDGETS.iter().find(|(known, _)| *known == name).map(|(_, title)| *title)
}

/// A widget's place. What stands `plain` in it, HTML, says the same without it, until its program is
/// there.
pub(super) fn widget_html(name: &str, title: &str, plain: &str) -> String {
    let (name, title) = (escape(name), escape(title));
    format!(
        "<section class=\"widget\" data-widget=\"{name}\" aria-label=\"{title}\">\
         <p class=\"widget-title\">{title}</p>\n\
         <div class=\"widget-body\">{plain}</div></section>\n"
    )
}
