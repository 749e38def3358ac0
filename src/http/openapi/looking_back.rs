//! Descriptions of looking back on one's weeks.

use super::operation::Operation;
use super::pages::page;
use crate::view::looking_back::LookingBackJson;

pub fn looking_back() -> Operation {
    Operation::new("History", "getLookingBack", "What one's weeks came to, and how old is what is open")
        .about(
            "What stood in a past week is planned anew from what there was as it began, by the program and the server's rules of \
             now. It is made for this answer each time.",
        )
        .gives::<LookingBackJson<'static>>("The weeks.")
}

pub fn shown() -> Operation {
    page("showLookingBack", "What one's weeks came to, as a page")
}
