import { limits } from "./entry.js";

const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Makes text safe inside HTML elements and quoted attributes. */
export function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (character) => entities[character]);
}

/** Builds HTML: every inserted value is escaped, unless it was built by this function itself. */
function html(strings, ...values) {
  const render = (value) => {
    if (value === undefined || value === null || value === false) return "";
    if (Array.isArray(value)) return value.map(render).join("");
    return value instanceof Html ? value.text : escapeHtml(value);
  };
  return new Html(strings.reduce((text, part, index) => text + render(values[index - 1]) + part));
}

class Html {
  constructor(text) {
    this.text = text;
  }
}

const dateFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** A number from 0 to 5 that stays the same for a name, for the colour of its initial. */
function tint(name) {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)) % 6;
  return sum;
}

function renderEntry(entry) {
  return html`<li class="entry">
    <span class="initial tint-${tint(entry.name)}" aria-hidden="true">${[...entry.name][0].toUpperCase()}</span>
    <div>
      <p class="by">
        <strong>${entry.name}</strong>
        <time datetime="${entry.createdAt}">${dateFormat.format(new Date(entry.createdAt))} UTC</time>
      </p>
      <p class="message">${entry.message}</p>
    </div>
  </li>`;
}

function renderFacts(about) {
  const facts = [
    ["Pull request", about.pullRequest && `#${about.pullRequest}`],
    ["Commit", about.commit?.slice(0, 7)],
    ["Branch", about.branch],
    ["Build", about.build],
  ];
  return facts
    .filter(([, value]) => value)
    .map(
      ([label, value]) =>
        html`<div>
          <dt>${label}</dt>
          <dd>${value}</dd>
        </div>`,
    );
}

const waves = html`<svg class="waves" viewBox="0 0 1440 60" preserveAspectRatio="none" aria-hidden="true">
  <path d="M0 32c120-24 240-24 360 0s240 24 360 0 240-24 360 0 240 24 360 0v28H0z" />
</svg>`;

function renderShell(about, content) {
  const title = about.pullRequest ? `Guestbook · PR #${about.pullRequest}` : "Guestbook";
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      </head>
      <body>
        <header>
          <div class="column">
            <p class="kicker">A preview in its own berth</p>
            <h1>Guestbook</h1>
            <dl class="facts">${renderFacts(about)}</dl>
          </div>
          ${waves}
        </header>
        <main class="column">${content}</main>
        <footer class="column">
          This environment, its database and this page vanish when the pull request closes.
        </footer>
      </body>
    </html> `.text;
}

function renderForm({ values, problems }) {
  return html`<form method="post" action="/" class="card">
    <h2>Leave a note</h2>
    ${
      problems.length > 0 &&
      html`<ul class="problems" role="alert">
        ${problems.map((problem) => html`<li>${problem}</li>`)}
      </ul>`
    }
    <label
      >Your name <input name="name" required maxlength="${limits.name}" autocomplete="name" value="${values.name}"
    /></label>
    <label
      >Message
      <textarea name="message" required maxlength="${limits.message}" rows="3">${values.message}</textarea>
    </label>
    <button>Sign the guestbook</button>
  </form>`;
}

function renderList({ entries, total }) {
  if (entries.length === 0) return html`<p class="empty">Nobody has signed yet. Be the first.</p>`;
  return html`<section aria-labelledby="entries">
    <h2 id="entries">
      ${total === 1 ? "1 note" : `${total} notes`}${total > entries.length && html` <small>the newest ${entries.length}</small>`}
    </h2>
    <ol class="entries">
      ${entries.map(renderEntry)}
    </ol>
  </section>`;
}

/**
 * The page with the form and the newest entries.
 *
 * @param {{ about: object, entries: object[], total: number, values?: object, problems?: string[] }} view
 *   values and problems: what was typed and why it was not accepted
 */
export function renderPage({ about, entries, total, values = {}, problems = [] }) {
  return renderShell(about, [renderForm({ values, problems }), renderList({ entries, total })]);
}

/** A page that says only why there is nothing else on it. */
export function renderNotice({ about, message }) {
  return renderShell(
    about,
    html`<div class="card">
      <p class="notice" role="alert">${message}</p>
      <p><a href="/">To the guestbook</a></p>
    </div>`,
  );
}
