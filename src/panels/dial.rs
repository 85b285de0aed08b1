//! A quantity that can be set: a slider through the usual values, and a field for any other.

use std::rc::Rc;

use lab::dials::SettingsView;
use yew::prelude::*;

use crate::el::el;
use crate::platform::dom;
use crate::state::use_state;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) view: Rc<SettingsView>,
    /// Whether it is a clock, and which of them or of the others.
    pub(crate) place: (bool, usize),
    pub(crate) on_line: Callback<String>,
}

/// What has not become a line: a place of the slider, or a text and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Draft {
    step: Option<u32>,
    refused: Option<(String, String)>,
}

/// A dial. A value becomes a line when it is let go or entered, not on the way there.
#[component(Dial)]
pub(crate) fn dial(props: &Props) -> Html {
    let Props { view, place: (clock, place), on_line } = props;
    let draft = use_state(Draft::default);
    let dials = if *clock { &view.clocks } else { &view.dials };
    let Some(dial) = dials.get(*place) else { return Html::default() };
    let step_of = |event: &Event| dom::value(event).parse::<u32>().ok();
    let text_of = |step: u32| dial.steps.get(step as usize).copied().unwrap_or_default();
    let input = {
        let draft = draft.clone();
        Callback::from(move |event: InputEvent| {
            draft.set(Draft { step: step_of(&event), refused: None });
        })
    };
    let commit = {
        let (draft, view, dial, on_line) =
            (draft.clone(), view.clone(), dial.clone(), on_line.clone());
        Callback::from(move |typed: String| match view.line(&dial, &typed) {
            Ok(line) => {
                draft.set(Draft::default());
                // What is so already needs no line.
                if view.line(&dial, &dial.value).as_ref() != Ok(&line) {
                    on_line.emit(line);
                }
            }
            Err(why) => draft.set(Draft { step: None, refused: Some((typed, why)) }),
        })
    };
    let slid = {
        let (commit, steps) = (commit.clone(), dial.steps);
        Callback::from(move |event: Event| {
            if let Some(step) = step_of(&event).and_then(|step| steps.get(step as usize)) {
                commit.emit((*step).to_owned());
            }
        })
    };
    let typed = commit.reform(|event: Event| dom::value(&event));
    let value = match &*draft {
        Draft { refused: Some((typed, _)), .. } => typed.clone(),
        Draft { step: Some(step), .. } => text_of(*step).to_owned(),
        Draft { .. } => dial.value.clone(),
    };
    let slider = el("input|type=range|min=0|step=1")
        .set("max", dial.steps.len().saturating_sub(1).to_string())
        .value(draft.step.unwrap_or(dial.at).to_string())
        .set("aria-label", dial.name.clone())
        .set("aria-valuetext", value.clone())
        .input(input)
        .change(slid);
    let mut field = el("input|type=text|class=field|autocomplete=off")
        .value(value)
        .set("aria-label", format!("{}, exactly", dial.name))
        .aria("aria-invalid", draft.refused.is_some())
        .change(typed);
    let mut error = None;
    if let Some((_, why)) = &draft.refused {
        let id = format!("dial-{}-{place}", u8::from(*clock));
        field = field.set("aria-describedby", id.clone());
        error = Some(el("p|class=dial-error|role=alert").set("id", id).text(why.clone()));
    }
    let what = (!*clock).then(|| el("p|class=why").say(dial.what));
    el("div|class=dial")
        .with(el("span|aria-hidden=true").text(dial.name.clone()))
        .with(slider)
        .with(field)
        .maybe(error)
        .maybe(what)
        .html()
}
