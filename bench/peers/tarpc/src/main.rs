//! tarpc with bincode over TCP, on one thread: "server", "client <JSON>", "hold <JSON>" or "once <JSON>".

use std::{cell::RefCell, rc::Rc, time::Duration, time::Instant};

use futures::{future, StreamExt};
use serde::{Deserialize, Serialize};
use tarpc::{
    client, context,
    serde_transport::tcp,
    server::{BaseChannel, Channel},
    tokio_serde::formats::Bincode,
};

#[tarpc::service]
trait Bench {
    async fn ping(i: u64) -> u64;
    async fn echo(text: String) -> String;
}

#[derive(Clone)]
struct Server;

impl Bench for Server {
    async fn ping(self, _: context::Context, i: u64) -> u64 {
        i
    }

    async fn echo(self, _: context::Context, text: String) -> String {
        text
    }
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Load {
    port: u16,
    connections: usize,
    #[serde(default)]
    in_flight: usize,
    #[serde(default)]
    warmup_ms: f64,
    #[serde(default)]
    duration_ms: f64,
    #[serde(default)]
    latencies: bool,
    #[serde(default)]
    text_length: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    calls: u64,
    seconds: f64,
    cpu_ms: f64,
    calls_ever: u64,
    p50_ms: f64,
    p99_ms: f64,
}

#[derive(Default)]
struct Meter {
    calls: u64,
    is_open: bool,
    is_over: bool,
    latencies_ms: Vec<f64>,
}

const FRAME_MAX: usize = 64 * 1024 * 1024;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    let load = || serde_json::from_str(&arguments[2]).unwrap();
    match arguments[1].as_str() {
        "server" => local.block_on(&runtime, serve()),
        "client" => local.block_on(&runtime, run(load())),
        "hold" => local.block_on(&runtime, hold(load())),
        "once" => local.block_on(&runtime, async { drop(connected_client(&load()).await) }),
        mode => panic!("there is no {mode}"),
    }
}

async fn serve() {
    let mut listener = tcp::listen("127.0.0.1:0", Bincode::default).await.unwrap();
    listener.config_mut().max_frame_length(FRAME_MAX);
    println!("ready {}", listener.local_addr().port());
    while let Some(transport) = listener.next().await {
        let Ok(transport) = transport else { continue };
        tokio::task::spawn_local(async move {
            let mut answers = Box::pin(
                BaseChannel::with_defaults(transport).execute(Server.serve()),
            );
            while let Some(answer) = answers.next().await {
                tokio::task::spawn_local(answer);
            }
        });
    }
}

async fn new_client(load: &Load) -> BenchClient {
    let mut connecting = tcp::connect(("127.0.0.1", load.port), Bincode::default);
    connecting.config_mut().max_frame_length(FRAME_MAX);
    let mut config = client::Config::default();
    config.max_in_flight_requests = load.in_flight.max(1);
    BenchClient::new(config, connecting.await.unwrap()).spawn()
}

/// A client that has had its first answer.
async fn connected_client(load: &Load) -> BenchClient {
    let client = new_client(load).await;
    assert_eq!(client.ping(context::current(), 1).await.unwrap(), 1);
    client
}

async fn hold(load: Load) {
    let mut clients = Vec::new();
    for _ in 0..load.connections {
        clients.push(connected_client(&load).await);
    }
    println!("ready {}", load.port);
    future::pending::<()>().await;
}

async fn run(load: Load) {
    let meter = Rc::new(RefCell::new(Meter::default()));
    let mut lanes = Vec::new();
    for _ in 0..load.connections {
        let client = new_client(&load).await;
        for _ in 0..load.in_flight {
            let lane = lane(client.clone(), load.clone(), meter.clone());
            lanes.push(tokio::task::spawn_local(lane));
        }
    }
    while meter.borrow().calls == 0 {
        sleep(1.0).await;
    }
    sleep(load.warmup_ms).await;
    meter.borrow_mut().is_open = true;
    let (before, started_at, cpu_before) = (meter.borrow().calls, Instant::now(), cpu_ms());
    sleep(load.duration_ms).await;
    let (calls, seconds) = (meter.borrow().calls - before, started_at.elapsed().as_secs_f64());
    let cpu_ms = cpu_ms() - cpu_before;
    meter.borrow_mut().is_over = true;
    future::join_all(lanes).await;
    let mut latencies_ms = std::mem::take(&mut meter.borrow_mut().latencies_ms);
    latencies_ms.sort_by(f64::total_cmp);
    let outcome = Outcome {
        calls,
        seconds,
        cpu_ms,
        calls_ever: meter.borrow().calls,
        p50_ms: quantile(&latencies_ms, 0.5),
        p99_ms: quantile(&latencies_ms, 0.99),
    };
    println!("{}", serde_json::to_string(&outcome).unwrap());
}

async fn lane(client: BenchClient, load: Load, meter: Rc<RefCell<Meter>>) {
    let text = "x".repeat(load.text_length);
    let mut i = 0;
    while !meter.borrow().is_over {
        let started_at = load.latencies.then(Instant::now);
        if load.text_length > 0 {
            let answer = client.echo(context::current(), text.clone()).await.unwrap();
            assert_eq!(answer, text);
        } else {
            i += 1;
            assert_eq!(client.ping(context::current(), i).await.unwrap(), i);
        }
        let mut meter = meter.borrow_mut();
        meter.calls += 1;
        if let (Some(started_at), true) = (started_at, meter.is_open) {
            meter.latencies_ms.push(started_at.elapsed().as_secs_f64() * 1_000.0);
        }
    }
}

/// The processor time that this process has taken, as the kernel tells it: in ticks of 10 ms.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok());
    ticks(11).zip(ticks(12)).map_or(f64::NAN, |(user, system)| 10.0 * (user + system))
}

async fn sleep(ms: f64) {
    tokio::time::sleep(Duration::from_secs_f64(ms / 1_000.0)).await;
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    sorted[((share * sorted.len() as f64) as usize).min(sorted.len() - 1)]
}
