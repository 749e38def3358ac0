// A browser knows its time zone and its language better than the server. What somebody typed stays.
"use strict";
const form = document.querySelector("#set-up[data-guess]");
if (form) {
  const { timeZone, language } = form.elements;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const isKnown = [...timeZone.list.options].some(option => option.value === zone);
  if (isKnown && timeZone.value === timeZone.defaultValue) timeZone.value = zone;
  const wanted = navigator.languages.map(tag => tag.slice(0, 2).toLowerCase()).find(tag => tag === "de" || tag === "en");
  const isUntouched = [...language.options].every(option => option.selected === option.defaultSelected);
  if (wanted && isUntouched) language.value = wanted;
}
