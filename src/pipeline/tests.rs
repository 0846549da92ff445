//! The pipeline between two sides in memory: a citizen's far side and the hub. The [`bench`]
//! is shared; each file beside it has one topic.

mod answers;
mod bench;
mod conversations;
mod deeds;
mod exchange;
mod failure;
mod flood;
mod hold;
mod levels;
mod limits;
mod matters;
mod operators;
mod parties;
mod reports;
mod room;
mod rooms;
mod series;
mod wish;
