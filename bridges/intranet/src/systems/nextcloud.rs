//! Nextcloud: a notification to one user (Nextcloud's Notifications app,
//! `docs/admin-notifications.md`). The party behind the system is the user.

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use url::{Url, form_urlencoded};
use viadukt_api::client::Request;
use viadukt_api::config::{Fields, SecretFile};
use viadukt_api::{Content, Context, Reason};

use crate::client::{Reach, below};
use crate::login::Login;
use crate::post::{BuildTakes, Posting, Shape, needed_party, only_takes};
use crate::speech::{Speech, cut, is_text};
use crate::system::{Outgoing, SystemKind};

/// The line in [`crate::systems::SYSTEMS`].
pub(crate) const NEXTCLOUD: SystemKind =
    SystemKind { name: "nextcloud", parse: |fields| only_takes(parse(fields)) };

const OCS: HeaderName = HeaderName::from_static("ocs-apirequest");
const ADMIN_NOTIFICATIONS: [&str; 7] =
    ["ocs", "v2.php", "apps", "notifications", "api", "v2", "admin_notifications"];
/// What `shortMessage` and `longMessage` may hold.
const LONGEST: (usize, usize) = (255, 4_000);

/// Reads the table; with `users`, nobody else is written to.
fn parse(fields: &Fields<'_>) -> Option<BuildTakes> {
    let reach = Reach::parse(fields);
    let url = reach.url(fields, "url");
    let user = fields.required::<String>("user");
    let password_file = fields.required::<SecretFile>("password_file");
    let users = fields.optional_list("users");
    let (url, login) = (url?, Login::Basic(user?, password_file?));
    Some(Box::new(move |name, context| {
        let (url, users) = (url.clone(), users.clone());
        let nextcloud = Nextcloud { url, login: login.header(context)?, users };
        Posting::build(name, nextcloud, &reach, context)
    }))
}

/// A Nextcloud server, asked by an administrator.
struct Nextcloud {
    url: Url,
    login: Option<HeaderValue>,
    users: Option<Vec<String>>,
}

impl Shape for Nextcloud {
    fn url(&self) -> &Url {
        &self.url
    }

    fn party(&self, behind: Option<&str>) -> Result<(), Reason> {
        needed_party(behind, self.users.as_deref())
    }

    /// Any text does: one that is too long is cut.
    fn fits(&self, content: &Content) -> Result<(), Reason> {
        is_text(content, usize::MAX)
    }

    fn request(&self, out: &Outgoing<'_>, at: &Context) -> Result<Request, Reason> {
        let line = Speech::of(out, &at.words).line();
        let mark = format!("… {}", at.words.say("intranet-cut", &[]));
        // What is shown in the list is one line; what is behind it, all of the text.
        let first = line.lines().next().unwrap_or_default();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("shortMessage", &cut(first, LONGEST.0, "…"));
        if first.chars().count() > LONGEST.0 || first.len() < line.len() {
            form.append_pair("longMessage", &cut(&line, LONGEST.1, &mark));
        }
        let segments: Vec<_> = ADMIN_NOTIFICATIONS.into_iter().chain(out.behind).collect();
        let body = form.finish().into_bytes();
        let url = below(&self.url, &segments);
        let mut request = Request::post(url, "application/x-www-form-urlencoded", body)
            .with(OCS, HeaderValue::from_static("true"));
        request.headers.extend(self.login.clone().map(|login| (AUTHORIZATION, login)));
        Ok(request)
    }
}
