//! Which outcome comes at which request.

use super::fault::Fault;
use rand::Rng;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::{str::FromStr, time::Duration};

/// The longest wait that can be asked for.
const LONGEST: Duration = Duration::from_secs(3600);
/// The names of the parameters.
const PARAMETERS: &str = "times, after, seconds, every, chunk, probability, seed, id";

/// What is asked for, as it was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spec {
    pub(super) outcome: String,
    pub(super) times: Option<u64>,
    pub(super) after: u64,
    pub(super) seconds: Option<f64>,
    pub(super) every: Option<f64>,
    pub(super) chunk: Option<usize>,
    pub(super) probability: Option<f64>,
    pub(super) seed: Option<u64>,
}

impl Spec {
    /// An outcome and nothing else.
    pub(super) fn of(outcome: &str) -> Self {
        Self {
            outcome: outcome.into(),
            ..Self::default()
        }
    }

    /// Reads a header: what is asked for, and by which id it is counted.
    pub(super) fn read(header: &str) -> Result<(Self, Option<String>), String> {
        let mut pieces = header.split(';').map(str::trim);
        let mut spec = Self::of(pieces.next().unwrap_or_default());
        let mut id = None;
        for piece in pieces.filter(|piece| !piece.is_empty()) {
            let (name, value) = piece
                .split_once('=')
                .ok_or_else(|| format!("`{piece}` has no value"))?;
            let (name, value) = (name.trim_end(), value.trim_start());
            match name {
                "times" => spec.times = Some(number(name, value)?),
                "after" => spec.after = number(name, value)?,
                "seconds" => spec.seconds = Some(number(name, value)?),
                "every" => spec.every = Some(number(name, value)?),
                "chunk" => spec.chunk = Some(number(name, value)?),
                "probability" => spec.probability = Some(number(name, value)?),
                "seed" => spec.seed = Some(number(name, value)?),
                "id" => id = Some(value.to_owned()),
                other => return Err(format!("there is no `{other}`; there are {PARAMETERS}")),
            }
        }
        Ok((spec, id))
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    let wrong = |_| format!("`{name}={value}` is no such number as `{name}` takes");
    value.parse().map_err(wrong)
}

/// The same, checked and ready.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    steps: Vec<Step>,
    times: Option<u64>,
    after: u64,
    chance: Option<Chance>,
}

#[derive(Clone, Debug)]
struct Step {
    fault: Fault,
    /// For so many requests; `None` goes on for ever.
    count: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Chance {
    probability: f64,
    seed: Option<u64>,
}

impl Plan {
    pub(super) fn new(spec: &Spec) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut names = spec.outcome.split(',').peekable();
        while let Some(name) = names.next() {
            let is_last = names.peek().is_none();
            steps.push(Step::read(name.trim(), is_last)?);
        }
        let mut plan = Self {
            steps,
            times: spec.times,
            after: spec.after,
            chance: Chance::of(spec)?,
        };
        plan.delay(spec.seconds)?;
        plan.slow_down(spec.every)?;
        plan.let_come(spec.chunk)?;
        Ok(plan)
    }

    /// What comes at the request before which there were so many; `None` where it has no turn.
    pub(super) fn turn(&self, before: u64) -> Option<&Fault> {
        let mut at = before.checked_sub(self.after)?;
        if self.times.is_some_and(|times| at >= times) {
            return None;
        }
        if self.chance.is_some_and(|chance| !chance.hits(before)) {
            return None;
        }
        for step in &self.steps {
            match step.count {
                Some(count) if at >= count => at -= count,
                _ => return Some(&step.fault),
            }
        }
        None
    }

    fn delay(&mut self, asked: Option<f64>) -> Result<(), String> {
        let Some(asked) = asked else { return Ok(()) };
        let delay = wait("seconds", asked)?;
        for step in &mut self.steps {
            step.fault.delay = delay;
        }
        Ok(())
    }

    fn slow_down(&mut self, asked: Option<f64>) -> Result<(), String> {
        let Some(asked) = asked else { return Ok(()) };
        let every = wait("every", asked)?;
        let faults = self.steps.iter_mut().map(|step| &mut step.fault);
        let mut slow = faults.filter(|fault| fault.is_slow()).peekable();
        if slow.peek().is_none() {
            return Err("`every` is for `slow-chunks` only".into());
        }
        slow.for_each(|fault| fault.every = every);
        Ok(())
    }

    fn let_come(&mut self, asked: Option<usize>) -> Result<(), String> {
        if asked.is_none() {
            return Ok(());
        }
        let faults = self.steps.iter_mut().map(|step| &mut step.fault);
        let mut late = faults.filter(|fault| fault.takes_chunk()).peekable();
        if late.peek().is_none() {
            return Err(
                "`chunk` is for errors, slow-chunks, network-error, stream-truncated and \
                 stream-parse-error only"
                    .into(),
            );
        }
        late.for_each(|fault| fault.chunk = asked);
        Ok(())
    }
}

impl Step {
    fn read(text: &str, is_last: bool) -> Result<Self, String> {
        let (name, count) = match text.split_once('*') {
            Some((name, count)) => {
                let wrong = || format!("`*{count}` is no number from 1 on");
                let count = count.trim().parse().ok().filter(|count| *count > 0);
                (name.trim(), Some(count.ok_or_else(wrong)?))
            }
            None => (text, None),
        };
        if name.is_empty() {
            return Err("no outcome is named; write `NAME`, `NAME*2` or `NAME*2,NAME`".into());
        }
        let fault = Fault::named(&name.replace('_', "-"))?;
        let count = match is_last {
            true => count,
            false => count.or(Some(1)),
        };
        Ok(Self { fault, count })
    }
}

impl Chance {
    fn of(spec: &Spec) -> Result<Option<Self>, String> {
        let Some(probability) = spec.probability else {
            return match spec.seed {
                None => Ok(None),
                Some(_) => Err("`seed` is for `probability` only".into()),
            };
        };
        if !(0.0..=1.0).contains(&probability) {
            return Err(format!("`probability` is {probability} and not 0 to 1"));
        }
        let seed = spec.seed;
        Ok(Some(Self { probability, seed }))
    }

    /// With a seed the same request is always hit, in whatever order they come to an end.
    fn hits(self, before: u64) -> bool {
        let Some(seed) = self.seed else {
            return rand::rng().random_bool(self.probability);
        };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // A number takes two words.
        random.set_word_pos(u128::from(before) * 2);
        random.random::<f64>() < self.probability
    }
}

fn wait(name: &str, asked: f64) -> Result<Duration, String> {
    let wait = Duration::try_from_secs_f64(asked).ok();
    let wait = wait.filter(|wait| *wait <= LONGEST);
    wait.ok_or_else(|| format!("`{name}` is {asked} and not 0 to {}", LONGEST.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::What;
    use proptest::prelude::*;

    /// The first outcomes, `-` where a request has no turn.
    fn outcomes(header: &str, count: u64) -> String {
        let plan = Plan::new(&Spec::read(header).unwrap().0).unwrap();
        let short = |before| match plan.turn(before).map(|fault| &fault.what) {
            None => '-',
            Some(What::Nothing) => 'o',
            Some(What::Error(problem)) => problem.name().chars().next().unwrap(),
            Some(_) => 'x',
        };
        (0..count).map(short).collect()
    }

    #[test]
    fn outcomes_come_in_their_order() {
        for (header, expected) in [
            ("internal-500", "iiiiii"),
            ("internal-500*2", "ii----"),
            ("internal-500*2,ok,quota-per-minute", "iioqqq"),
            ("internal-500*2,ok,quota-per-minute*1", "iioq--"),
            (" internal_500 * 2 , ok ", "iioooo"),
            ("internal-500,quota-per-day;times=4", "iqqq--"),
            ("internal-500,quota-per-day;after=2;times=3", "--iqq-"),
            ("network-error,ok", "xooooo"),
            ("internal-500;times=0", "------"),
            ("internal-500;probability=0", "------"),
            ("internal-500;probability=1;seed=7", "iiiiii"),
            ("internal-500;;after=1", "-iiiii"),
        ] {
            assert_eq!(outcomes(header, 6), expected, "{header}");
        }
    }

    #[test]
    fn a_seed_makes_chance_repeatable() {
        let header = |seed: u64| format!("internal-500;probability=0.3;seed={seed}");
        let first = outcomes(&header(1), 1000);
        assert_eq!(first, outcomes(&header(1), 1000));
        assert_ne!(first, outcomes(&header(2), 1000));
        let hits = first.matches('i').count();
        assert!((240..360).contains(&hits), "{hits}");
    }

    #[test]
    fn parameters_reach_the_outcomes_that_take_them() {
        let header = "ok,slow-chunks*2,internal-500,base-url-wrong;every=0.5;chunk=3;seconds=2";
        let plan = Plan::new(&Spec::read(header).unwrap().0).unwrap();
        let fault = |before| plan.turn(before).unwrap();
        assert_eq!(fault(1).every, Duration::from_millis(500));
        let chunks: Vec<_> = [0, 1, 3, 4].map(|before| fault(before).chunk).into();
        assert_eq!(chunks, [None, Some(3), Some(3), None]);
        assert!((0..5).all(|before| fault(before).delay == Duration::from_secs(2)));
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(header in "[a-z0-9=;,*. -]{0,60}|\\PC{0,60}", before: u64) {
            if let Ok((spec, _)) = Spec::read(&header)
                && let Ok(plan) = Plan::new(&spec)
            {
                plan.turn(before);
            }
        }

        #[test]
        fn counts_add_up(counts in prop::collection::vec(1u64..5, 1..6), after in 0u64..4) {
            let list: Vec<_> = counts.iter().map(|count| format!("internal-500*{count}")).collect();
            let header = format!("{};after={after}", list.join(","));
            let all: u64 = counts.iter().sum();
            prop_assert_eq!(outcomes(&header, 40).matches('i').count() as u64, all);
            prop_assert_eq!(outcomes(&header, 40).find('i'), Some(after as usize));
        }
    }
}
