//! What we let a model write: a form with every bound made finite and every reference resolved.

use super::{
    SchemaError,
    form::{Form, Forms, List, Record},
    number, text,
};
use crate::prompt::python_json;
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

/// Bounds for what a schema leaves open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Characters of a text.
    text: u64,
    /// Items of a list.
    items: u64,
    /// Undeclared properties of an object.
    extra: u64,
    /// Levels of recursion, and of values without a form.
    depth: u32,
}

/// From roomy to tight.
const STEPS: [Limits; 10] = [
    step(4096, 128, 32, 6),
    step(1024, 64, 16, 5),
    step(512, 32, 12, 4),
    step(256, 16, 8, 3),
    step(160, 12, 6, 3),
    step(96, 8, 6, 2),
    step(64, 6, 4, 2),
    step(48, 4, 3, 2),
    step(32, 3, 2, 1),
    step(24, 2, 2, 1),
];

/// The deepest recursion that a schema may need for its smallest value.
const DEEPEST: u32 = 12;
/// The most parts a plan may have.
const LARGEST: usize = 20_000;

const fn step(text: u64, items: u64, extra: u64, depth: u32) -> Limits {
    Limits {
        text,
        items,
        extra,
        depth,
    }
}

/// A plan's node. Nodes are shared, so that a plan stays small where its texts do not.
#[derive(Debug)]
pub(crate) enum Plan {
    /// One of these texts.
    Literals(Vec<String>),
    /// A text that matches all of these, and its longest length.
    Regex(Vec<String>, u64),
    List {
        prefix: Vec<Rc<Plan>>,
        items: Option<Rc<Plan>>,
        min: u64,
        max: u64,
    },
    /// These texts in this order, each at most once.
    Subset {
        options: Vec<String>,
        min: u64,
        max: u64,
    },
    Record {
        properties: Vec<(String, Rc<Plan>, bool)>,
        extra: Option<Rc<Plan>>,
        /// The most undeclared properties.
        extras: u64,
        min: u64,
        max: Option<u64>,
        path: String,
    },
    Choice(Vec<Rc<Plan>>),
}

/// The plan with the roomiest limits whose longest text fits.
pub(crate) fn fitting(forms: &Forms, budget: u64) -> Result<Rc<Plan>, SchemaError> {
    let mut tightest = None;
    for limits in STEPS {
        let Some(plan) = Planner::new(forms, limits).plan()? else {
            continue;
        };
        if longest(&plan) <= budget {
            return Ok(plan);
        }
        tightest = Some(plan);
    }
    match tightest {
        Some(plan) => Ok(plan),
        None => deepest(forms),
    }
}

/// For schemas whose smallest value is deeper than any step.
fn deepest(forms: &Forms) -> Result<Rc<Plan>, SchemaError> {
    let tight = STEPS[STEPS.len() - 1];
    for depth in tight.depth..=DEEPEST {
        if let Some(plan) = Planner::new(forms, Limits { depth, ..tight }).plan()? {
            return Ok(plan);
        }
    }
    Err(SchemaError::new(
        &forms.path,
        "no finite value satisfies this schema",
    ))
}

struct Planner<'a> {
    forms: &'a Forms,
    limits: Limits,
    recursive: BTreeSet<&'a str>,
    known: HashMap<(&'a str, u32), Option<Rc<Plan>>>,
    anything: HashMap<u32, Rc<Plan>>,
    nodes: usize,
}

type Planned = Result<Option<Rc<Plan>>, SchemaError>;

impl<'a> Planner<'a> {
    fn new(forms: &'a Forms, limits: Limits) -> Self {
        Self {
            forms,
            limits,
            recursive: recursive(forms),
            known: HashMap::new(),
            anything: HashMap::new(),
            nodes: 0,
        }
    }

    fn plan(mut self) -> Planned {
        self.form(&self.forms.root, self.limits.depth)
    }

    /// `None` where no value fits into the depth that is left.
    fn form(&mut self, form: &'a Form, depth: u32) -> Planned {
        self.nodes += 1;
        if self.nodes > LARGEST {
            return Err(SchemaError::too_complex(&self.forms.path));
        }
        match form {
            Form::Never => Ok(None),
            Form::Any => Ok(Some(self.anything(depth.min(self.limits.depth)))),
            Form::Literals(values) => Ok(literals(values)),
            Form::Number(form) => {
                let (regex, longest) = number::regex(form)?;
                Ok(Some(Rc::new(Plan::Regex(vec![regex], longest))))
            }
            Form::Text(form) => {
                let (regexes, longest) = text::regexes(form, self.limits.text)?;
                Ok(Some(Rc::new(Plan::Regex(regexes, longest + 2))))
            }
            Form::List(list) => self.list(list, depth),
            Form::Record(record) => self.record(record, depth),
            Form::Choice(options) => self.choice(options, depth),
            Form::Ref(name) => self.reference(name, depth),
        }
    }

    fn reference(&mut self, name: &'a str, depth: u32) -> Planned {
        let depth = match (self.recursive.contains(name), depth) {
            (false, depth) => depth,
            (true, 0) => return Ok(None),
            (true, depth) => depth - 1,
        };
        if let Some(known) = self.known.get(&(name, depth)) {
            return Ok(known.clone());
        }
        let plan = self.form(&self.forms.definitions[name], depth)?;
        self.known.insert((name, depth), plan.clone());
        Ok(plan)
    }

    fn choice(&mut self, options: &'a [Form], depth: u32) -> Planned {
        let mut plans = Vec::new();
        for option in options {
            plans.extend(self.form(option, depth)?);
        }
        Ok(match plans.len() {
            0 => None,
            1 => plans.pop(),
            _ => Some(Rc::new(Plan::Choice(plans))),
        })
    }

    fn list(&mut self, list: &'a List, depth: u32) -> Planned {
        if list.max.is_some_and(|max| max < list.min) {
            return Err(SchemaError::new(
                &list.path,
                "`minItems` is above `maxItems`",
            ));
        }
        let mut prefix = Vec::new();
        let mut most = u64::MAX;
        for form in &list.prefix {
            match self.form(form, depth)? {
                Some(plan) => prefix.push(plan),
                None => {
                    most = prefix.len() as u64;
                    break;
                }
            }
        }
        let items = match most {
            u64::MAX => self.form(&list.items, depth)?,
            _ => None,
        };
        if items.is_none() {
            most = most.min(prefix.len() as u64);
        }
        let wanted = self.limits.items.max(list.min).max(prefix.len() as u64);
        let max = list.max.unwrap_or(u64::MAX).min(wanted).min(most);
        if max < list.min {
            return Ok(None);
        }
        match list.unique {
            false => Ok(Some(Rc::new(Plan::List {
                prefix,
                items,
                min: list.min,
                max,
            }))),
            true => self.unique(list, prefix, items, max).map(Some),
        }
    }

    /// A list without equal items: the options of an enumeration in their order, otherwise at
    /// most one item.
    fn unique(
        &self,
        list: &List,
        prefix: Vec<Rc<Plan>>,
        items: Option<Rc<Plan>>,
        max: u64,
    ) -> Result<Rc<Plan>, SchemaError> {
        let options = items.as_deref().filter(|_| prefix.is_empty());
        if let Some(Plan::Literals(options)) = options {
            let max = max.min(options.len() as u64);
            if list.min <= max {
                let options = options.clone();
                let min = list.min;
                return Ok(Rc::new(Plan::Subset { options, min, max }));
            }
        }
        if list.min > 1 {
            return Err(SchemaError::new(
                &list.path,
                "`uniqueItems` is supported for items with an `enum`, or with `minItems` below 2",
            ));
        }
        let max = max.min(1);
        Ok(Rc::new(Plan::List {
            prefix: prefix.into_iter().take(1).collect(),
            items,
            min: list.min,
            max,
        }))
    }

    fn record(&mut self, record: &'a Record, depth: u32) -> Planned {
        let mut properties = Vec::new();
        for property in &record.properties {
            match self.form(&property.form, depth)? {
                Some(plan) => properties.push((property.name.clone(), plan, property.required)),
                None if property.required => return Ok(None),
                None => {}
            }
        }
        let extra = match &record.additional {
            Some(_) if depth == 0 && record.min <= properties.len() as u64 => None,
            Some(form) => self.form(form, depth.saturating_sub(1))?,
            None => None,
        };
        let required = properties.iter().filter(|property| property.2).count() as u64;
        let missing = record.min.saturating_sub(properties.len() as u64);
        if record.max.is_some_and(|max| max < required.max(record.min)) {
            return Err(SchemaError::new(
                &record.path,
                "`maxProperties` is below `minProperties` or the number of required properties",
            ));
        }
        if extra.is_none() && missing > 0 {
            return Ok(None);
        }
        Ok(Some(Rc::new(Plan::Record {
            properties,
            extra,
            extras: self.limits.extra.max(missing),
            min: record.min,
            max: record.max,
            path: record.path.clone(),
        })))
    }

    /// Any JSON value; at the last level only plain ones.
    fn anything(&mut self, depth: u32) -> Rc<Plan> {
        if let Some(known) = self.anything.get(&depth) {
            return known.clone();
        }
        let (regexes, longest) = text::regexes(&Default::default(), self.limits.text)
            .expect("a text without bounds contradicts nothing");
        let (number, digits) = number::regex(&Default::default())
            .expect("a number without bounds contradicts nothing");
        let mut options = vec![
            Rc::new(Plan::Regex(regexes, longest + 2)),
            Rc::new(Plan::Regex(vec![number], digits)),
            Rc::new(Plan::Literals(
                ["true", "false", "null"].map(String::from).into(),
            )),
        ];
        if depth > 0 {
            let inner = self.anything(depth - 1);
            options.push(Rc::new(Plan::List {
                prefix: Vec::new(),
                items: Some(inner.clone()),
                min: 0,
                max: self.limits.items,
            }));
            options.push(Rc::new(Plan::Record {
                properties: Vec::new(),
                extra: Some(inner),
                extras: self.limits.extra,
                min: 0,
                max: None,
                path: self.forms.path.clone(),
            }));
        }
        let plan = Rc::new(Plan::Choice(options));
        self.anything.insert(depth, plan.clone());
        plan
    }
}

fn literals(values: &[Value]) -> Option<Rc<Plan>> {
    let texts: BTreeSet<String> = values.iter().map(python_json).collect();
    let mut ordered: Vec<String> = values.iter().map(python_json).collect();
    ordered.dedup();
    if texts.len() < ordered.len() {
        ordered = texts.into_iter().collect();
    }
    (!ordered.is_empty()).then(|| Rc::new(Plan::Literals(ordered)))
}

/// The definitions that contain themselves.
fn recursive(forms: &Forms) -> BTreeSet<&str> {
    let reached = |from: &str| {
        let mut seen = BTreeSet::new();
        let mut open = forms.definitions[from].references();
        while let Some(name) = open.pop() {
            if seen.insert(name) {
                open.extend(forms.definitions[name].references());
            }
        }
        seen
    };
    let names = forms.definitions.keys().map(String::as_str);
    names.filter(|name| reached(name).contains(name)).collect()
}

/// The length of a plan's longest text in characters.
pub(crate) fn longest(plan: &Rc<Plan>) -> u64 {
    measure(plan, &mut HashMap::new())
}

fn measure(plan: &Rc<Plan>, known: &mut HashMap<*const Plan, u64>) -> u64 {
    if let Some(length) = known.get(&Rc::as_ptr(plan)) {
        return *length;
    }
    let letters = |text: &String| text.chars().count() as u64;
    let length = match &**plan {
        Plan::Literals(texts) => texts.iter().map(letters).max().unwrap_or(0),
        Plan::Regex(_, longest) => *longest,
        Plan::Subset { options, .. } => {
            options.iter().map(|text| letters(text) + 2).sum::<u64>() + 2
        }
        Plan::List {
            prefix, items, max, ..
        } => {
            let first: u64 = prefix.iter().map(|plan| measure(plan, known) + 2).sum();
            let others = max.saturating_sub(prefix.len() as u64);
            let each = items.as_ref().map_or(0, |plan| measure(plan, known) + 2);
            first.saturating_add(each.saturating_mul(others)) + 2
        }
        Plan::Record {
            properties,
            extra,
            extras,
            ..
        } => {
            let declared = properties
                .iter()
                .map(|(name, plan, _)| measure(plan, known).saturating_add(letters(name) + 6))
                .fold(2_u64, u64::saturating_add);
            let each = extra
                .as_ref()
                .map_or(0, |plan| measure(plan, known).saturating_add(40));
            declared.saturating_add(each.saturating_mul(*extras))
        }
        Plan::Choice(options) => {
            let lengths = options.iter().map(|plan| measure(plan, known));
            lengths.max().unwrap_or(0)
        }
    };
    known.insert(Rc::as_ptr(plan), length);
    length
}
