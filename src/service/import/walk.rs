//! Reading a large JSON text piece by piece into values of known forms: nothing else of it is ever held, and what is wrong
//! is told with its place.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::domain::lang::Phrase;
use crate::domain::script::OptionValue;
use crate::service::error::{ExportRefusal, Fault, repeatable};

/// Characters of a name of the text that an error repeats.
const REPEATED_CHARS_MAX: usize = 40;

pub(super) const TEXT: Phrase = Phrase { en: "a text", de: "ein Text" };
pub(super) const NUMBER: Phrase =
    Phrase { en: "a whole number that is not negative", de: "eine ganze Zahl, nicht negativ" };
pub(super) const FLAG: Phrase = Phrase { en: "true or false", de: "true oder false" };
pub(super) const OBJECT: Phrase = Phrase { en: "an object", de: "ein Objekt" };
pub(super) const LIST: Phrase = Phrase { en: "a list", de: "eine Liste" };
const ONCE: Phrase = Phrase { en: "there only once", de: "nur einmal vorhanden" };

/// Where the reading is, and what was wrong there.
#[derive(Default)]
pub(super) struct Walk {
    /// How the present place is reached, and what has to be there. It stays as it was when something is wrong.
    path: RefCell<Vec<(Step, Phrase)>>,
    fault: RefCell<Option<ExportRefusal>>,
}

enum Step {
    Field(&'static str),
    Item(usize),
}

/// The reading ends here, for the reason that the [`Walk`] has.
pub(super) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not as an export is")
    }
}

impl Walk {
    fn enter(&self, step: Step, expected: Phrase) {
        self.path.borrow_mut().push((step, expected));
    }

    fn leave(&self) {
        self.path.borrow_mut().pop();
    }

    /// The present place as a program would write it, such as `documents[16].text`.
    fn place(&self) -> String {
        let mut place = String::new();
        for (step, _) in self.path.borrow().iter() {
            match step {
                Step::Field(name) if place.is_empty() => place.push_str(name),
                Step::Field(name) => place.extend([".", name]),
                Step::Item(index) => place.push_str(&format!("[{index}]")),
            }
        }
        place
    }

    /// Ends the reading, because of a field of the present object.
    pub(super) fn wrong(&self, name: &'static str, fault: Fault) -> Stopped {
        self.enter(Step::Field(name), OBJECT);
        self.refuse(ExportRefusal::Wrong { place: self.place(), fault })
    }

    /// As [`Walk::wrong`], of a value that has to be `expected`.
    pub(super) fn malformed(&self, name: &'static str, expected: Phrase) -> Stopped {
        self.wrong(name, Fault::Malformed { expected })
    }

    /// Looks at what a field of the present object had in it.
    pub(super) fn inside<T>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> Result<T, Stopped>,
    ) -> Result<T, Stopped> {
        self.enter(Step::Field(name), OBJECT);
        let done = work()?;
        self.leave();
        Ok(done)
    }

    /// Ends the reading.
    pub(super) fn refuse(&self, refusal: ExportRefusal) -> Stopped {
        *self.fault.borrow_mut() = Some(refusal);
        Stopped
    }

    /// A field that has to be there.
    pub(super) fn needed<T>(&self, name: &'static str, value: Option<T>) -> Result<T, Stopped> {
        value.ok_or_else(|| self.wrong(name, Fault::Missing))
    }

    /// Why the reading ended with this error.
    pub(super) fn refusal(&self, error: &serde_json::Error) -> ExportRefusal {
        if let Some(refusal) = self.fault.borrow_mut().take() {
            return refusal;
        }
        let expected = self.path.borrow().last().map_or(OBJECT, |(_, expected)| *expected);
        match error.is_data() {
            true if self.path.borrow().is_empty() => ExportRefusal::NotAnExport,
            true => ExportRefusal::Wrong { place: self.place(), fault: Fault::WrongType { expected } },
            false => ExportRefusal::NotJson { line: error.line(), column: error.column() },
        }
    }
}

/// A JSON object of a known form.
pub(super) trait Object: Default {
    /// Reads the value of a field.
    fn take<'de, A: MapAccess<'de>>(&mut self, fields: &mut Fields<'_, A>, name: &str) -> Result<(), A::Error>;
}

/// The fields of an object that is being read.
pub(super) struct Fields<'w, A> {
    pub(super) walk: &'w Walk,
    map: A,
}

impl<'de, A: MapAccess<'de>> Fields<'_, A> {
    /// Reads a plain value into its place.
    pub(super) fn value<T: Deserialize<'de>>(
        &mut self,
        name: &'static str,
        expected: Phrase,
        slot: &mut Option<T>,
    ) -> Result<(), A::Error> {
        self.seeded(name, expected, slot, PhantomData)
    }

    /// As [`Fields::value`], of a value that a seed reads.
    pub(super) fn seeded<S: DeserializeSeed<'de>>(
        &mut self,
        name: &'static str,
        expected: Phrase,
        slot: &mut Option<S::Value>,
        seed: S,
    ) -> Result<(), A::Error> {
        if slot.is_some() {
            return Err(A::Error::custom(self.walk.malformed(name, ONCE)));
        }
        self.walk.enter(Step::Field(name), expected);
        *slot = Some(self.map.next_value_seed(seed)?);
        self.walk.leave();
        Ok(())
    }

    /// A field that no such object has.
    pub(super) fn unknown(&mut self, name: &str) -> A::Error {
        let name = repeatable(name, REPEATED_CHARS_MAX);
        A::Error::custom(self.walk.refuse(ExportRefusal::UnknownField { place: self.walk.place(), name }))
    }
}

/// Reads the object that a map is.
pub(super) fn object<'de, T: Object, A: MapAccess<'de>>(walk: &Walk, map: A) -> Result<T, A::Error> {
    let mut read = T::default();
    let mut fields = Fields { walk, map };
    while let Some(name) = fields.map.next_key::<String>()? {
        read.take(&mut fields, &name)?;
    }
    Ok(read)
}

/// Reads an object where one has to be.
pub(super) struct ObjectOf<'w, T>(pub(super) &'w Walk, pub(super) PhantomData<T>);

impl<'de, T: Object> DeserializeSeed<'de> for ObjectOf<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Object> Visitor<'de> for ObjectOf<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(OBJECT.en)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        object(self.0, map)
    }
}

/// Reads a list of objects, and hands each on with its place in the list.
pub(super) struct ListOf<'w, T, F> {
    pub(super) walk: &'w Walk,
    pub(super) each: F,
    pub(super) item: PhantomData<T>,
}

/// Reads the objects that a sequence has.
pub(super) fn list<'de, T: Object, A: SeqAccess<'de>>(
    walk: &Walk,
    mut items: A,
    mut each: impl FnMut(usize, T) -> Result<(), Stopped>,
) -> Result<(), A::Error> {
    for index in 0.. {
        walk.enter(Step::Item(index), OBJECT);
        let Some(item) = items.next_element_seed(ObjectOf(walk, PhantomData))? else { break };
        each(index, item).map_err(A::Error::custom)?;
        walk.leave();
    }
    walk.leave();
    Ok(())
}

impl<'de, T: Object, F: FnMut(usize, T) -> Result<(), Stopped>> DeserializeSeed<'de> for ListOf<'_, T, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Object, F: FnMut(usize, T) -> Result<(), Stopped>> Visitor<'de> for ListOf<'_, T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(LIST.en)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        list(self.walk, items, self.each)
    }
}

/// Reads a value that may be null.
pub(super) struct OrNull<S>(pub(super) S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for OrNull<S> {
    type Value = Option<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for OrNull<S> {
    type Value = Option<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}

/// Options of a script by their names.
pub(super) struct Options<'w> {
    pub(super) walk: &'w Walk,
    pub(super) count_max: usize,
}

/// The value of an option.
struct OptionIn(OptionValue);

struct AnyOption;

impl<'de> Deserialize<'de> for OptionIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OptionIn, D::Error> {
        deserializer.deserialize_any(AnyOption).map(OptionIn)
    }
}

impl Visitor<'_> for AnyOption {
    type Value = OptionValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false, a whole number or a text")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<OptionValue, E> {
        Ok(OptionValue::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<OptionValue, E> {
        Ok(OptionValue::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<OptionValue, E> {
        i64::try_from(number).map(OptionValue::Number).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<OptionValue, E> {
        Ok(OptionValue::Text(text.to_owned()))
    }
}

impl<'de> DeserializeSeed<'de> for Options<'_> {
    type Value = BTreeMap<String, OptionValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Options<'_> {
    type Value = BTreeMap<String, OptionValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("options")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut options = BTreeMap::new();
        while let Some((name, OptionIn(value))) = map.next_entry()? {
            if options.len() >= self.count_max {
                let fault = Fault::TooMany { count_max: self.count_max };
                let place = self.walk.place();
                return Err(A::Error::custom(self.walk.refuse(ExportRefusal::Wrong { place, fault })));
            }
            options.insert(name, value);
        }
        Ok(options)
    }
}
