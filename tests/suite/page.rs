//! The demo's page, in a real browser, on screens from a desk's to a watch's.

use chrono::{TimeDelta, Utc};
use codexmiroir::app::{self, MetricsOptions, Running, ServeOptions, WayIn};
use codexmiroir::clock::Clock;
use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use codexmiroir::domain::ids::UserName;
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::theme::Theme;
use codexmiroir::domain::zone::Zone;
use codexmiroir::http::listen::Limits;
use codexmiroir::planning::DAYS_DEFAULT;
use codexmiroir::service::folder::read_folder;
use codexmiroir::service::rulebook::RuleBook;
use codexmiroir::service::{demo, plan_folder};
use codexmiroir::store::{Origin, Settings};
use tempfile::TempDir;

use crate::browser::with_browser;
use crate::harness::{instant, repository, workers};
use crate::look::{look, texts};

/// While the first slot of the day runs.
pub const MONDAY_AT_TEN: &str = "2025-10-13T10:00:00+02:00";
/// A demo whose clock stands.
pub async fn demo_at(now: &str, lang: Lang) -> (Running, TempDir) {
    let folder = TempDir::new().unwrap();
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let options = ServeOptions {
        data_dir: folder.path().to_owned(),
        key_file: None,
        listen: "127.0.0.1:0".parse().unwrap(),
        metrics: MetricsOptions::default(),
        rules: RuleBook::builtin(),
        workers: workers(),
        hot_bytes_max: HOT_MAP_BYTES_DEFAULT,
        public_url: None,
        demo: Some(Settings { zone, lang, days: DAYS_DEFAULT, theme: Theme::Auto }),
        limits: Limits::default(),
        clock: Clock::manual(instant(now)),
        backups: None,
        sync: app::SyncSettings::default(),
    };
    (app::start(options).await.unwrap(), folder)
}

/// The link that the demo prints.
pub fn welcome(running: &Running) -> String {
    let Some(WayIn::Demo { code, .. }) = &running.way_in else { panic!("a demo prints a link") };
    format!("http://{}/welcome?code={code}", running.address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_week_is_readable_on_every_screen_in_light_and_dark() {
    let (running, _folder) = demo_at(MONDAY_AT_TEN, Lang::En).await;
    let url = format!("http://{}/", running.address);
    let welcome = welcome(&running);
    with_browser(|browser| async move {
        browser.go(&welcome).await;
        let pages = look(&browser, &url, "week").await;
        for page in &pages {
            let headings = texts(page, "headings");
            for heading in ["This week", "Now", "Next", "Mon 13.10.", "Tue 14.10.", "Sun 19.10."] {
                assert!(headings.contains(&heading), "no {heading:?} in {headings:?}");
            }
            let height = if page["innerWidth"] == 240 { 282.0 } else { 800.0 };
            assert!(page["nowEnds"].as_f64().unwrap() <= height, "now and next need scrolling: {page:#}");
            assert!(texts(page, "tasks").len() >= 10, "{page:#}");
            assert_eq!(page["tasks"], pages[0]["tasks"], "every screen shows the same");
        }
    })
    .await;
    running.stop().await;
}

/// README shows them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pictures_of_the_week_are_made() {
    let (running, _folder) = demo_at(MONDAY_AT_TEN, Lang::En).await;
    let (url, welcome) = (format!("http://{}/", running.address), welcome(&running));
    with_browser(|browser| async move {
        browser.go(&welcome).await;
        for (width, height) in [(1280, 800), (390, 844)] {
            browser.set_screen(width, height).await;
            browser.go(&url).await;
            browser
                .until("document.documentElement.dataset.ready && document.querySelectorAll('.card').length >= 10")
                .await;
            let file = repository(&format!("docs/pictures/week-{width}x{height}.png"));
            browser.photograph_window(&file).await;
            assert!(file.exists(), "{} is made by CODEXMIROIR_PICTURES=1", file.display());
        }
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_documents_neither_break_the_page_nor_run_in_it() {
    let (running, _folder) = demo_at(MONDAY_AT_TEN, Lang::De).await;
    let mut folder = read_folder(&repository("fixtures/odd/tasks")).unwrap();
    let long = "Donaudampfschifffahrtsgesellschaft".repeat(8);
    let document = format!("---\ntyp: task\nkategorie: privat\nstatus: offen\n---\n# {long}\n");
    folder.files.push(("0000-Lang.md".to_owned(), document.into_bytes()));
    let script = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n# <img src=x onerror=alert(1)><script>alert(2)</script>\n";
    folder.files.push(("0001-Script.md".to_owned(), script.as_bytes().to_vec()));
    let user = running.service.require_user(demo::USER).unwrap().id;
    let origin = Origin { actor: demo::USER.to_owned(), through: "import".into() };
    running.service.import(user, origin, folder, false).await.unwrap();

    let url = format!("http://{}/", running.address);
    let welcome = welcome(&running);
    with_browser(|browser| async move {
        browser.go(&welcome).await;
        for page in look(&browser, &url, "odd").await {
            assert_eq!(page["title"], "Diese Woche · CodexMiroir");
            let headings = texts(&page, "headings");
            for heading in ["Jetzt", "Mo 13.10.", "Überfällig", "Ohne Platz", "Unlesbar", "Später"] {
                assert!(headings.contains(&heading), "no {heading:?} in {headings:?}");
            }
            assert!(texts(&page, "tasks").iter().any(|task| task.contains("<script>alert(2)</script>")), "{page:#}");
        }
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_evening_of_a_week_still_shows_a_week() {
    let (running, _folder) = demo_at("2025-10-19T22:15:00+02:00", Lang::De).await;
    let url = format!("http://{}/", running.address);
    let welcome = welcome(&running);
    with_browser(|browser| async move {
        browser.go(&welcome).await;
        for page in look(&browser, &url, "sunday").await {
            assert!(!texts(&page, "headings").contains(&"So 19.10."), "nothing is offered today any more");
            assert!(texts(&page, "tasks").len() >= 10, "{page:#}");
        }
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_interface_is_readable_on_every_screen_in_light_and_dark() {
    let (running, _folder) = demo_at(MONDAY_AT_TEN, Lang::En).await;
    let url = format!("http://{}/api", running.address);
    let welcome = welcome(&running);
    with_browser(|browser| async move {
        browser.go(&welcome).await;
        for page in look(&browser, &url, "interface").await {
            assert_eq!(page["title"], "Interface · CodexMiroir");
            let headings = texts(&page, "headings");
            for heading in ["GET /codex", "POST /api/tasks", "GET /readyz", "Types"] {
                assert!(headings.contains(&heading), "no {heading:?} in {headings:?}");
            }
        }
    })
    .await;
    running.stop().await;
}

#[test]
fn the_demo_is_alive_at_every_hour_of_every_weekday() {
    let settings = Settings {
        zone: Zone::parse("Europe/Berlin").unwrap(),
        lang: Lang::En,
        days: DAYS_DEFAULT,
        theme: Theme::Auto,
    };
    let rules = RuleBook::builtin();
    let name = UserName::parse(demo::USER).unwrap();
    // From a winter into a summer, seven hours further each time: every hour of every weekday comes.
    let start: chrono::DateTime<Utc> = instant("2027-03-01T00:30:00+01:00");
    for step in 0..24 * 7 {
        let now = start + TimeDelta::hours(7 * step);
        let samples = demo::samples(settings.zone.date_of(now));
        let timeline = plan_folder(&samples, &rules, name.clone(), settings, now).timeline;
        let slots = || timeline.days.iter().flat_map(|day| &day.slots);
        assert!(slots().filter(|slot| slot.task.is_some()).count() >= 10, "{now}");
        assert!(slots().filter(|slot| slot.task.as_ref().is_some_and(|task| task.is_fixed)).count() >= 2, "{now}");
        assert!(timeline.invalid.is_empty() && timeline.overdue.len() <= 3, "{now}: {:?}", timeline.overdue);
    }
}
