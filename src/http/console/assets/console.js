// Keeps pages fresh that change by themselves. Without this script the link "Reload" does it.
"use strict";

(() => {
  const pause = 5000;
  const fresh = document.querySelector(".fresh");
  const region = document.querySelector("[data-live]");
  if (!fresh || !region) return;

  // What moves by itself can be stopped (WCAG 2.2, 2.2.2).
  let going = true;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  const label = () => {
    button.textContent = going ? fresh.dataset.stop : fresh.dataset.go;
  };
  button.addEventListener("click", () => {
    going = !going;
    label();
  });
  label();
  fresh.append(button);

  // Whoever reads along with the keyboard, or has marked words, is not disturbed.
  const isBusy = () =>
    document.hidden ||
    region.contains(document.activeElement) ||
    !document.getSelection().isCollapsed;

  const renew = async () => {
    if (!going || isBusy()) return;
    const answer = await fetch(location.href, { credentials: "same-origin", redirect: "manual" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.querySelector("[data-live]");
    const time = page.querySelector("[data-live-time]");
    if (!next || !time || isBusy()) return;
    if (region.innerHTML !== next.innerHTML) region.replaceChildren(...next.childNodes);
    document.querySelector("[data-live-time]").replaceChildren(...time.childNodes);
  };

  setInterval(() => renew().catch(() => {}), pause);
})();
