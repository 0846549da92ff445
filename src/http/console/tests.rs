//! The console over HTTP, on a pipeline that is played.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod played;
mod provider;
mod site;

use site::{Answer, Site};

#[tokio::test]
async fn nobody_sees_a_page_without_logging_in() {
    let site = Site::open().await;
    for path in [
        "/console",
        "/console/conversations",
        "/console/trace",
        "/console/deadletters",
        "/console/deadletters/01JD2Z5Y3V0Q8R6T4W2X1Z9B7C-0/discard",
        "/console/contacts",
        "/console/test",
        "/console/record",
        "/console/nowhere",
    ] {
        let answer = site.get(path, "").await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(answer.header("location").starts_with("/console/login"), "{path}");
    }
    for path in ["/console/login", "/console/assets/console.css"] {
        assert_eq!(site.get(path, "").await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn the_token_lets_in_and_logging_out_ends_it() {
    let site = Site::open().await;
    assert_eq!(site.enter("Anna", "wrong").await.status, 403);
    assert_eq!(site.enter(" ", &site.token()).await.status, 400);
    let entered = site.enter("Anna", &site.token()).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/console"));
    let set = entered.set_cookie("viadukt-session=");
    assert!(set.contains("HttpOnly; SameSite=Strict"), "{set}");
    let cookie = entered.cookie("viadukt-session=");
    let page = site.get("/console", &cookie).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Anna"), "{}", page.body);
    assert_eq!(site.done(), ["Anna login "]);
    let left = site.post("/console/logout", &cookie, &page.form()).await;
    assert_eq!(left.status, 303);
    assert_eq!(site.get("/console", &cookie).await.status, 303);
}

#[tokio::test]
async fn whoever_guesses_tokens_is_slowed_down() {
    let site = Site::open().await;
    let mut refused = None;
    for _ in 0..30 {
        let answer = site.enter("Anna", "guess").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn a_form_counts_from_our_own_page_with_its_secret_alone() {
    let site = Site::open().await;
    let cookie = site.anna().await;
    let path = format!("/console/deadletters/{}/discard", played::DEAD);
    let page = site.get(&path, &cookie).await;
    let form = page.form();
    let origin = site.origin();
    let other = site.enter("Bert", &site.token()).await.cookie("viadukt-session=");
    let theirs = site.get("/console/test", &other).await.form();
    for (origin, form, status) in [
        ("", form.as_str(), 403),
        ("Origin: null", &form, 403),
        ("Origin: https://evil.example", &form, 403),
        (&origin, "", 403),
        (&origin, "csrf=", 403),
        (&origin, &theirs, 403),
    ] {
        let answer = site.post_from(origin, &path, &cookie, form).await;
        assert_eq!(answer.status, status, "{origin} {form}");
    }
    assert!(!site.done().iter().any(|done| done.contains("discard")));
    let done = site.post(&path, &cookie, &form).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let expected = format!("Anna discard {}", played::DEAD);
    assert!(site.done().contains(&expected), "{:?}", site.done());
    assert_eq!(site.played(), ["discard"]);
}

#[tokio::test]
async fn the_login_takes_no_form_of_another_site() {
    let site = Site::open().await;
    let page = site.get("/console/login", "").await;
    let cookie = page.cookie("viadukt-form=");
    let form = format!("{}&name=Anna&token={}", page.form(), site.token());
    assert_eq!(site.post("/console/login", "", &form).await.status, 403);
    let evil = "Origin: https://evil.example";
    assert_eq!(site.post_from(evil, "/console/login", &cookie, &form).await.status, 403);
    assert_eq!(site.post("/console/login", &cookie, &form).await.status, 303);
}

#[tokio::test]
async fn a_foreign_name_that_leads_here_is_refused() {
    let site = Site::open().await;
    for (host, status) in [
        ("evil.example", 421),
        ("127.0.0.1.evil.example:9090", 421),
        ("localhost:9090", 200),
        ("[::1]:9090", 200),
        ("127.0.0.1", 200),
    ] {
        let head = format!("GET /console/login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        assert_eq!(site.ask(&format!("{head}\r\n")).await.status, status, "{host}");
    }
    let without = "GET /console/login HTTP/1.0\r\n\r\n";
    assert_eq!(site.ask(without).await.status, 421);
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect() {
    let site = Site::open().await;
    let cookie = site.anna().await;
    let pages = ["/console", "/console/login", "/console/nowhere", "/console/assets/console.js"];
    for path in pages {
        let answer = site.get(path, &cookie).await;
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        let inline = ["<style", " style=", " onclick=", "<script>"];
        assert!(!inline.iter().any(|inline| answer.body.contains(inline)), "{path}");
    }
    assert_eq!(site.get("/console", &cookie).await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn every_page_is_whole_in_both_languages() {
    let site = Site::open().await;
    let cookie = site.anna().await;
    for language in ["de", "en"] {
        let cookie = format!("{cookie}; viadukt-language={language}");
        for (path, status) in site.pages() {
            let Answer { status: given, body, .. } = site.get(&path, &cookie).await;
            assert_eq!(given, status, "{path}");
            if status == 303 {
                continue;
            }
            assert!(body.contains(&format!("<html lang=\"{language}\">")), "{path}");
            // A sentence that does not exist shows its key.
            let key = body.find(">console-").or(body.find(" console-"));
            assert_eq!(key.map(|at| &body[at..at + 40]), None, "{path}");
            assert_eq!(body.matches("<h1>").count(), 1, "{path}");
            assert!(!body.contains('@'), "{path} shows an address");
        }
    }
}

#[tokio::test]
async fn the_language_is_the_browsers_unless_it_was_chosen() {
    let site = Site::open().await;
    let asked = |language: &str| {
        let (host, path) = (site.host(), "/console/login");
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        format!("{head}Accept-Language: {language}\r\n\r\n")
    };
    let german = site.ask(&asked("de-DE,de;q=0.9,en;q=0.5")).await;
    assert!(german.body.contains("<h1>Anmelden</h1>"), "{}", german.body);
    let english = site.ask(&asked("fr,en;q=0.5")).await;
    assert!(english.body.contains("<h1>Log in</h1>"));
    let chosen = site.get("/console/login?lang=de", "").await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/console/login"));
    let cookie = chosen.cookie("viadukt-language=");
    assert!(site.get("/console/login", &cookie).await.body.contains("<h1>Anmelden</h1>"));
}

#[tokio::test]
async fn what_a_far_side_named_itself_is_no_markup() {
    let site = Site::open().await;
    let entered = site.enter("<b>Anna</b>", &site.token()).await;
    let cookie = entered.cookie("viadukt-session=");
    let page = site.get("/console/deadletters", &cookie).await.body;
    assert!(page.contains("&lt;b&gt;Anna") && !page.contains("<b>"), "{page}");
}
