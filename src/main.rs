//! Arguments, configuration, exit code, drain. Everything else is in the library.

mod registry;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use viadukt::app::App;
use viadukt::cli::{self, Command, Exit, Failure};
use viadukt::config::Config;
use viadukt::http::{self, AdminToken, Console, Served, console};
use viadukt::observe::{Metrics, event, start_logging};
use viadukt_api::Env;

fn main() -> ExitCode {
    let registry = registry::registry();
    let invocation = match cli::parse(std::env::args_os(), &registry) {
        Ok(invocation) => invocation,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            // A closed pipe is no reason to complain.
            let _ = error.print();
            return exit.into();
        }
    };
    let env = Env::system();
    let file = invocation.config;
    let done = match invocation.command {
        Command::Run => match cli::load(&file, &registry) {
            Ok(config) => return run(config, env),
            Err(failure) => Err(failure),
        },
        command => runtime().map_err(failed).and_then(|runtime| {
            let mut out = std::io::stdout().lock();
            let done = cli::perform(command, &file, &registry, &env, &mut out);
            let exit = runtime.block_on(done)?;
            out.flush()?;
            Ok(exit)
        }),
    };
    done.map_or_else(complain, ExitCode::from)
}

/// `viadukt run`: until a signal, or until something cannot go on.
fn run(config: Config, env: Env) -> ExitCode {
    let ended = start_logging(config.log)
        .map_err(anyhow::Error::from)
        .and_then(|()| runtime())
        .and_then(|runtime| runtime.block_on(serve(config, env)));
    match ended {
        Ok(()) => Exit::Ok.into(),
        Err(error) => {
            tracing::error!(event = event::STOPPED, "{error:#}");
            Exit::Unavailable.into()
        }
    }
}

async fn serve(config: Config, env: Env) -> anyhow::Result<()> {
    let metrics = Arc::new(Metrics::new(&*env.clock)?);
    let (http, data_dir) = (config.http.clone(), config.data_dir.clone());
    let (language, zone) = (config.language, config.zone.clone());
    let stop = CancellationToken::new();
    stop_on_signal(&stop)?;
    let app = App::build(config, env.clone(), Arc::clone(&metrics)).await?;
    let listen = http.listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("{listen}: choose another address as `http.listen`"))?;
    let token = Arc::new(AdminToken::create(&data_dir, &*env.entropy)?);
    let open = |settings| {
        let (token, operations) = (Arc::clone(&token), app.pipeline());
        let env = env.clone();
        Console::open(console::Parts { settings, operations, token, data_dir, env, language, zone })
    };
    let console = http.console.map(open).transpose()?.map(Arc::new);
    let served =
        Served { operations: app.pipeline(), source: app.source(), metrics, token, console };
    // Health and metrics answer until the drain is over.
    let closing = CancellationToken::new();
    let answering = tokio::spawn(http::serve(listener, served, closing.clone()));
    tracing::info!(event = event::STARTED, version = env!("CARGO_PKG_VERSION"), "viadukt runs");
    let ended = app.run(stop).await;
    closing.cancel();
    answering.await??;
    tracing::info!(event = event::STOPPED, "viadukt ends");
    Ok(ended?)
}

/// The first SIGTERM or SIGINT drains, a second one ends at once: nothing accepted is lost.
#[allow(clippy::disallowed_methods, reason = "who asks twice wants no drain")]
fn stop_on_signal(stop: &CancellationToken) -> anyhow::Result<()> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            if stop.is_cancelled() {
                std::process::abort();
            }
            tracing::info!(event = event::STOPPING, "viadukt drains");
            stop.cancel();
        }
    });
    Ok(())
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn failed(error: anyhow::Error) -> Failure {
    Failure { exit: Exit::Internal, message: format!("{error:#}") }
}

fn complain(failure: Failure) -> ExitCode {
    if !failure.message.is_empty() {
        let _ = writeln!(std::io::stderr(), "{}", failure.message);
    }
    failure.exit.into()
}
