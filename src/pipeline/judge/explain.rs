//! What would happen to a message, and why: the judge is asked about a message that nobody
//! wrote, and its facts are told one by one.

use viadukt_api::{
    Act, Address, Content, ConversationId, DeliveryId, ItemId, Level, Message, MessageId,
    Protection, RoomId, Sender, Timestamp, WorkerName,
};

use super::{Cause, Facts, Verdict, judge};
use crate::config::{Rules, Senders, UserPattern};
use crate::http::views::{Expected, ExplainLine, ExplainTopic, ExplainView, Question};
use crate::ledger::{Delivery, Draft, Lane, Origin, Payload, Place, Remote};
use crate::pipeline::Pipeline;
use crate::pipeline::hold::Hold;
use crate::store::StoreError;

/// A room of a bridge that is asked about.
struct Scene<'p> {
    bridge: WorkerName,
    place: Place,
    /// `None`: it was not made yet.
    room: Option<RoomId>,
    rules: &'p Rules,
    senders: &'p Senders,
    /// Who would write.
    user: Address,
    /// To whom.
    to: Vec<Address>,
}

impl Pipeline {
    /// The answer to `question`; `None` when no room and no bridge is called so.
    pub(in crate::pipeline) fn explained(
        &self,
        question: &Question,
    ) -> Result<Option<ExplainView>, StoreError> {
        let draft = self.ledger.draft();
        let Some((bridge, place, conversation)) = self.place_meant(&draft, &question.place)? else {
            return Ok(None);
        };
        let Some(rules) = self.policy.rules.get(&bridge) else { return Ok(None) };
        let further = self.policy.rooms.get(&bridge).and_then(|rooms| rooms.further.get(&place));
        let senders = further.map_or(&rules.senders, |further| &further.senders);
        let room = match RoomId::new(question.place.as_str()) {
            room if question.place.starts_with('!') => Some(room),
            _ => self.rooms.of(&bridge, &place),
        };
        let somebody = || match senders.patterns.first() {
            Some(pattern) => pattern.somebody(),
            None => Address::new(""),
        };
        let user = question.from.as_deref().map_or_else(somebody, Address::new);
        let mut to = Vec::new();
        if let Some(written) = &question.to {
            let worker = self.worker(&bridge);
            let read = worker.map_or_else(
                || Ok(Address::new(written.as_str())),
                |worker| worker.recipient(written),
            );
            match read {
                Ok(recipient) => to.push(recipient),
                Err(reason) => {
                    let line = self.line(ExplainTopic::Verdict, self.words.reason(&reason));
                    return Ok(Some(self.answer_of(bridge, Expected::Refused, vec![line])));
                }
            }
        } else if let Some(id) = conversation {
            to = draft.conversation(id)?.map(|known| known.remotes).unwrap_or_default();
        }
        let scene = Scene { bridge, place, room, rules, senders, user, to };
        self.explain_scene(&draft, &scene).map(Some)
    }

    /// The bridge and its room that somebody means, and the conversation whose own room it is.
    fn place_meant(
        &self,
        draft: &Draft<'_>,
        written: &str,
    ) -> Result<Option<(WorkerName, Place, Option<ConversationId>)>, StoreError> {
        if written.starts_with('!') {
            let known = self.known_room(draft, &RoomId::new(written))?;
            return Ok(known.map(|known| (known.bridge, known.place, known.conversation)));
        }
        let (name, team) =
            written.split_once('/').map_or((written, None), |(name, team)| (name, Some(team)));
        let bridge = name.parse().ok().filter(|name| self.bridges.contains_key(name));
        Ok(bridge.and_then(|bridge| {
            let place = match team {
                None => Place::Main,
                Some(team) => self.policy.rooms.get(&bridge)?.team(team)?,
            };
            Some((bridge, place, None))
        }))
    }

    fn explain_scene(
        &self,
        draft: &Draft<'_>,
        scene: &Scene<'_>,
    ) -> Result<ExplainView, StoreError> {
        let verdict = self.verdict_on(draft, scene)?;
        let hold = self.held(&delivery_of(scene, self.env.now()));
        let (expected, verdict) = match verdict {
            Verdict::Pass(_) => match hold {
                None => (Expected::Sent, self.words.say("explain-sent", &[])),
                Some(Hold::Paused) => (Expected::Held, self.words.say("explain-paused", &[])),
                Some(Hold::Until(time)) => {
                    let when = self.when(time);
                    (Expected::Held, self.words.say("explain-held", &[("when", &when)]))
                }
            },
            Verdict::Refuse { reason, .. } => {
                let why = self.words.clause(&reason);
                (Expected::Refused, self.words.say("explain-refused", &[("reason", &why)]))
            }
            Verdict::Ignore { why, .. } => {
                let why = self.words.say(why, &[]);
                (Expected::Ignored, self.words.say("explain-ignored", &[("reason", &why)]))
            }
        };
        let mut lines = vec![
            self.line(ExplainTopic::Bridge, self.whose_room(scene)),
            self.line(ExplainTopic::Verdict, verdict),
            self.line(ExplainTopic::Senders, self.who_may_send(scene)),
            self.line(ExplainTopic::Encryption, self.words.say("explain-encryption", &[])),
            self.line(ExplainTopic::Level, self.level_in_words(scene)),
            self.line(ExplainTopic::Hours, self.hours_in_words(scene)),
        ];
        for budget in self.budgets(draft, scene)? {
            lines.push(self.line(ExplainTopic::Budget, budget));
        }
        lines.push(self.line(ExplainTopic::Form, self.words.say("explain-form", &[])));
        lines.push(self.line(ExplainTopic::Inward, self.inward_in_words(scene)));
        Ok(self.answer_of(scene.bridge.clone(), expected, lines))
    }

    /// The judge's word on a message of the scene.
    fn verdict_on(&self, draft: &Draft<'_>, scene: &Scene<'_>) -> Result<Verdict, StoreError> {
        let message = message_of(scene);
        let prospect = match &message.room {
            Some(room) => {
                let cause = Cause::Person { user: &scene.user, room };
                Some(self.prospect(draft, &scene.bridge, cause, &scene.to, &message.content)?)
            }
            None => None,
        };
        let worker = self.bridges.get(&scene.bridge);
        let facts = Facts {
            bridge: Some((scene.bridge.clone(), scene.rules)),
            // Where it would go on: the judge only asks whether there is one.
            conversation: Some(ConversationId(0.into())),
            senders: Some(scene.senders),
            closed: None,
            blocked: false,
            prospect,
            level: None,
            about: None,
            verb: worker.map_or("send", |worker| worker.verb()),
            deeds: worker.map_or(&[], |worker| worker.deeds()),
            invites: &self.policy.invites,
        };
        Ok(judge(message, facts))
    }

    fn whose_room(&self, scene: &Scene<'_>) -> String {
        let kind = self.kinds.get(&scene.bridge).copied().unwrap_or_default();
        let args = [("bridge", scene.bridge.as_str()), ("kind", kind)];
        match &scene.place {
            Place::Main => self.words.say("explain-room-main", &args),
            Place::Intake => self.words.say("explain-room-intake", &args),
            Place::Own => self.words.say("explain-room-own", &args),
            Place::Team(team) => {
                let args = [args[0], args[1], ("team", team)];
                self.words.say("explain-room-team", &args)
            }
        }
    }

    fn who_may_send(&self, scene: &Scene<'_>) -> String {
        let who: Vec<_> = scene.senders.patterns.iter().map(UserPattern::written).collect();
        let power = scene.senders.power_level.to_string();
        let args = [("who", &*who.join(", ")), ("power", &*power), ("where", &*rule_of(scene))];
        self.words.say("explain-senders", &args)
    }

    fn level_in_words(&self, scene: &Scene<'_>) -> String {
        let word = |level: Option<Level>| match level {
            None => self.words.say("level-none", &[]),
            Some(Level::Normal) => self.words.say("level-normal", &[]),
            Some(Level::High) => self.words.say("level-high", &[]),
            Some(Level::VeryHigh) => self.words.say("level-very-high", &[]),
        };
        let given = scene.to.first().and_then(|to| self.worker(&scene.bridge)?.level(to));
        let room = word(self.policy.level(&scene.bridge, &scene.place));
        let args = [("room", room.as_str()), ("far", &word(given.or(Some(Level::Normal))))];
        self.words.say("explain-level", &args)
    }

    fn hours_in_words(&self, scene: &Scene<'_>) -> String {
        let quiet = scene.rules.limits.quiet_hours;
        match quiet {
            _ if self.pauses(&scene.bridge) => self.words.say("explain-hours-paused", &[]),
            None => self.words.say("explain-hours-none", &[]),
            Some(quiet) => self.words.say("explain-hours", &[("hours", &quiet.to_string())]),
        }
    }

    fn budgets(&self, draft: &Draft<'_>, scene: &Scene<'_>) -> Result<Vec<String>, StoreError> {
        let Some(room) = &scene.room else { return Ok(Vec::new()) };
        let cause = Cause::Person { user: &scene.user, room };
        let content = message_of(scene).content;
        let prospect = self.prospect(draft, &scene.bridge, cause, &scene.to, &content)?;
        let mut told: Vec<_> = prospect
            .budgets()
            .map(|budget| {
                let (spent, allowed) = (budget.spent.to_string(), budget.allowed.to_string());
                let args = [("spent", &*spent), ("allowed", &*allowed), ("when", budget.when)];
                self.words.say(budget.key, &args)
            })
            .collect();
        if told.is_empty() {
            told.push(self.words.say("explain-budget-none", &[]));
        }
        Ok(told)
    }

    fn inward_in_words(&self, scene: &Scene<'_>) -> String {
        let rooms = self.policy.rooms.get(&scene.bridge);
        let has_intake = rooms.is_some_and(|rooms| rooms.has_intake());
        let has_own = rooms.is_some_and(|rooms| rooms.single.is_some());
        match (has_intake, has_own) {
            (true, _) => self.words.say("explain-inward-intake", &[]),
            (false, true) => self.words.say("explain-inward-own", &[]),
            (false, false) => self.words.say("explain-inward-thread", &[]),
        }
    }

    fn line(&self, topic: ExplainTopic, words: String) -> ExplainLine {
        ExplainLine { topic, words }
    }

    fn answer_of(
        &self,
        bridge: WorkerName,
        expected: Expected,
        lines: Vec<ExplainLine>,
    ) -> ExplainView {
        let kind = self.kinds.get(&bridge).copied().unwrap_or_default().to_owned();
        ExplainView { bridge, kind, expected, lines }
    }
}

/// Where in the configuration it is set who may send.
fn rule_of(scene: &Scene<'_>) -> String {
    let bridge = &scene.bridge;
    match &scene.place {
        Place::Team(team) => format!("[bridges.{bridge}.rooms.{team}] senders"),
        Place::Intake => format!("[bridges.{bridge}.intake] senders"),
        Place::Main | Place::Own => format!("[bridges.{bridge}] senders"),
    }
}

/// A message such as people write there: encrypted, by somebody with power enough.
fn message_of(scene: &Scene<'_>) -> Message {
    let content = Content { text: "…".to_owned(), ..Content::default() };
    let sender =
        Sender { address: scene.user.clone(), name: None, power: Some(scene.senders.power_level) };
    Message {
        id: MessageId::new("explain"),
        sent_at: Timestamp(0),
        sender,
        answer_to: None,
        room: scene.room.clone(),
        via: None,
        exchange: None,
        recipients: Vec::new(),
        ancestors: Vec::new(),
        subject: None,
        act: Act::Say,
        content,
        automatic: None,
        matter: None,
        severity: None,
        level: None,
        hops: 0,
        protection: Protection::ROOM,
    }
}

/// A delivery such as would come of it.
fn delivery_of(scene: &Scene<'_>, now: Timestamp) -> Delivery {
    let id = DeliveryId { item: ItemId(0.into()), part: 0 };
    let lane = Lane::of_bridge(&scene.bridge);
    let form = Payload::Inline(Vec::new());
    let remote = Remote {
        recipient: scene.user.clone(),
        to: Vec::new(),
        cc: Vec::new(),
        via: None,
        subject: None,
        message_id: MessageId::new("explain"),
        references: Vec::new(),
    };
    // Somebody wrote it: what nobody wrote is held by other rules.
    let origin = Origin {
        worker: WorkerName::hub(),
        message: MessageId::new("explain"),
        room: None,
        apart: false,
        cost: None,
    };
    Delivery {
        remote: Some(remote),
        origin: Some(origin),
        ..Delivery::new(id, lane, &scene.bridge, now, form)
    }
}
