// A person with a browser walks through the console: logs in, looks at every page in both
// languages, light, dark and on a narrow screen, and decides about what was given up, once with
// scripts and once without. Takes its task as JSON on standard input; gives what it found as JSON.
"use strict";

const { createRequire } = require("node:module");
const fs = require("node:fs");
const path = require("node:path");

const task = JSON.parse(fs.readFileSync(0, "utf8"));
const puppeteer = createRequire(path.join(task.puppeteer, "package.json"))("puppeteer-core");
const axe = fs.readFileSync(path.join(task.axe, "node_modules/axe-core/axe.min.js"), "utf8");

const found = { accessibility: [], policy: [], scripts: [], wide: [], languages: [], notes: [] };

async function open(browser) {
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => found.scripts.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    const refused = /Content Security Policy/.test(message.text());
    if (refused) found.policy.push(`${page.url()}: ${message.text()}`);
  });
  return page;
}

const at = (place) => `${task.base}${place}`;
const submitted = (page, act) => Promise.all([page.waitForNavigation(), act()]);

async function logIn(page) {
  await page.goto(at("/console/contacts"));
  await page.focus("#name");
  await page.keyboard.type("Anna");
  await page.keyboard.press("Tab");
  await page.keyboard.type(task.token);
  await submitted(page, () => page.keyboard.press("Enter"));
  if (new URL(page.url()).pathname !== "/console/contacts") {
    throw new Error(`the login leads to ${page.url()}`);
  }
}

async function check(page, what) {
  await page.evaluate(axe);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await page.evaluate((tags) => axe.run({ runOnly: tags }), tags);
  for (const { id, help, nodes } of violations) {
    found.accessibility.push(`${what}: ${id}: ${help}: ${nodes[0].html.slice(0, 200)}`);
  }
}

async function shoot(page, name) {
  if (!task.shots) return;
  await page.screenshot({ path: path.join(task.shots, `${name}.png`), fullPage: true });
}

async function look(page, places) {
  for (const language of ["de", "en"]) {
    await page.goto(at(`/console?lang=${language}`));
    for (const place of places) {
      await page.goto(at(place));
      const said = await page.$eval("html", (html) => html.lang);
      if (said !== language) found.languages.push(`${place}: ${said}, not ${language}`);
      for (const scheme of ["light", "dark"]) {
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
        const name = `${place.replaceAll("/", "-").slice(1, 24)}-${language}-${scheme}`;
        await check(page, name);
        await shoot(page, name);
      }
      // 320 px is also what a page of 1280 px has at 400 % (WCAG 2.2, 1.4.10).
      await page.setViewport({ width: 320, height: 640 });
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 320) found.wide.push(`${place}: ${width} px`);
      await shoot(page, `${place.replaceAll("/", "-").slice(1, 24)}-${language}-narrow`);
      await page.setViewport({ width: 1280, height: 800 });
    }
  }
}

async function decide(page, reference, what) {
  await page.goto(at("/console/deadletters"));
  await submitted(page, () => page.click(`a[href$="${reference}/${what}"]`));
  await submitted(page, () => page.click("form.decision button"));
  if (!page.url().endsWith(`/console/trace/${reference}`)) {
    throw new Error(`after ${what}: ${page.url()}`);
  }
}

async function walk(browser) {
  const page = await open(browser);
  await page.setViewport({ width: 1280, height: 800 });
  await page.goto(at("/console/login"));
  await check(page, "login");
  await shoot(page, "login");
  await logIn(page);
  await look(page, task.places);

  // The script renews the page without the person's doing, and can be told to stop.
  await page.goto(at("/console"));
  const made = await page.$eval("[data-live-time]", (time) => time.textContent);
  await page.waitForFunction(
    (made) => document.querySelector("[data-live-time]").textContent !== made, {}, made);
  await page.click(".fresh button");

  await decide(page, task.requeue, "requeue");
  await page.setJavaScriptEnabled(false);
  await decide(page, task.discard, "discard");
  await page.goto(at("/console/test"));
  await submitted(page, () => page.click('form[action="/console/test/probe"] button'));
  found.notes.push(await page.$eval("main", (main) => main.textContent));
  await submitted(page, () => page.click(`form[action="/console/test/${task.bridge}"] button`));
  found.test = new URL(page.url()).pathname;
  await page.goto(at("/console/record"));
  found.notes.push(await page.$eval("main", (main) => main.textContent));
  await submitted(page, () => page.click(".person button"));
  await page.goto(at("/console"));
  found.left = new URL(page.url()).pathname;
}

(async () => {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=de"];
  const browser = await puppeteer.launch({ executablePath: "/usr/bin/chromium", args });
  try {
    await walk(browser);
  } finally {
    await browser.close();
  }
  process.stdout.write(JSON.stringify(found));
})().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
