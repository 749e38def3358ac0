//! Descriptions of looking back on one's weeks.

use super::operation::Operation;
use super::pages::page;
use crate::domain::lang::both;
use crate::view::looking_back::LookingBackJson;

pub fn looking_back() -> Operation {
    Operation::new(
        "History",
        "getLookingBack",
        both(
            "What one's weeks came to, and how old is what is open",
            "Was aus den Wochen wurde, und wie alt ist, was noch offen ist",
        ),
    )
    .about(both(
        "What stood in a past week is planned anew from what there was as it began, by the program and the \
         server's rules of now. It is made for this answer each time.",
        "Was in einer vergangenen Woche stand, wird neu geplant aus dem, was zu ihrem Beginn da war, mit \
         dem Programm und den Regeln des Servers von jetzt. Jede Antwort wird neu gemacht.",
    ))
    .gives::<LookingBackJson<'static>>(both("The weeks.", "Die Wochen."))
}

pub fn shown() -> Operation {
    page("showLookingBack", both("What one's weeks came to, as a page", "Was aus den Wochen wurde, als Seite"))
}
