//! Asks a model, runs the functions that it asks for, and asks again with their results.

use crate::{Chunks, Client, Error, Reply, Tool, chunks::Piece, error::Kind, tool};
use async_stream::try_stream;
use futures::{StreamExt, future::join_all};
use propus_wire::generate::{
    Content, FunctionCall, GenerateContentRequest, Part, Tool as Declared,
};

/// A question with its tools.
pub(crate) struct Rounds {
    pub(crate) client: Client,
    pub(crate) model: String,
    /// Everything but the conversation.
    pub(crate) request: GenerateContentRequest,
    pub(crate) tools: Vec<Tool>,
    /// How many times functions may be asked for.
    pub(crate) most: usize,
}

/// The tools as the API has them: all functions in one, since several are refused by some models.
pub(crate) fn declared(tools: &[Tool]) -> Result<Vec<Declared>, Error> {
    let mut functions = Declared::default();
    let mut others = Vec::new();
    for tool in tools {
        let mut tool = tool.to_wire()?;
        functions
            .function_declarations
            .append(&mut tool.function_declarations);
        if tool != Declared::default() {
            others.push(tool);
        }
    }
    if !functions.function_declarations.is_empty() {
        others.insert(0, functions);
    }
    Ok(others)
}

impl Rounds {
    pub(crate) async fn generate(mut self, contents: Vec<Content>) -> Result<Reply, Error> {
        self.request.contents = contents;
        let mut turns = Vec::new();
        loop {
            let response = self.client.generate(&self.model, &self.request).await?;
            let reply = Reply::after(turns, response);
            match self.go_on(&reply).await? {
                Some(further) => turns = further,
                None => return Ok(reply),
            }
        }
    }

    pub(crate) async fn stream(mut self, contents: Vec<Content>) -> Result<Chunks, Error> {
        self.request.contents = contents;
        let first = self.client.stream(&self.model, &self.request).await?;
        if !self.runs_something() {
            return Ok(first);
        }
        let pieces = try_stream! {
            let mut chunks = first;
            let mut turns = Vec::new();
            loop {
                while let Some(chunk) = chunks.next().await {
                    yield Piece::Chunk(Box::new(chunk?));
                }
                let reply = Reply::after(turns, chunks.reply().into_response());
                let Some(further) = self.go_on(&reply).await? else { break };
                yield Piece::Turns(further.clone());
                turns = further;
                chunks = self.client.stream(&self.model, &self.request).await?;
            }
        };
        Ok(Chunks::of_rounds(pieces.boxed()))
    }

    /// Runs what a reply asks for and adds it to the conversation. Gives all turns since the
    /// prompt, or `None` where the reply is for the caller.
    async fn go_on(&mut self, reply: &Reply) -> Result<Option<Vec<Content>>, Error> {
        let Some(calls) = self.calls_in(reply) else {
            return Ok(None);
        };
        let rounds = reply.turns().len() / 2;
        if rounds >= self.most {
            let last = calls.last().and_then(|call| call.name.clone());
            return Err(Error::new(Kind::Calls {
                rounds,
                last: last.unwrap_or_default(),
            }));
        }
        let answers = calls.iter().map(|call| tool::answer(&self.tools, call));
        let answers = join_all(answers).await;
        let parts = answers.into_iter().map(|answer| Part {
            function_response: Some(answer),
            ..Part::default()
        });
        let answered = Content {
            parts: parts.collect(),
            role: Some("user".into()),
        };
        let mut turns = reply.turns().to_vec();
        // The model's own turn goes back as it came: its signatures belong to its calls.
        for turn in reply.content().into_iter().chain([answered]) {
            self.request.contents.push(turn.clone());
            turns.push(turn);
        }
        Ok(Some(turns))
    }

    /// The calls that are to be run here: `None` where there are none, where a filter stopped the
    /// reply, or where one of them is the caller's to answer.
    fn calls_in(&self, reply: &Reply) -> Option<Vec<FunctionCall>> {
        if self.most == 0 || !self.runs_something() || reply.check().is_err() {
            return None;
        }
        let calls: Vec<_> = reply.function_calls().cloned().collect();
        let is_callers = |call: &FunctionCall| {
            let name = call.name.as_deref().unwrap_or_default();
            !self.tools.iter().any(|tool| tool.runs(name))
                && self.tools.iter().any(|tool| tool.declares(name))
        };
        (!calls.is_empty() && !calls.iter().any(is_callers)).then_some(calls)
    }

    fn runs_something(&self) -> bool {
        self.tools.iter().any(Tool::is_run)
    }
}
