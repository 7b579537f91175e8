//! What a model may call: functions of the caller, and tools of the server.

use crate::Error;
use futures::future::BoxFuture;
use propus_wire::{
    generate::{FunctionCall, FunctionDeclaration, FunctionResponse, Tool as Declared},
    schema::Schema,
};
#[cfg(feature = "schemars")]
use serde::Serialize;
use serde_json::{Map, Value};
use std::{fmt, sync::Arc};

/// What a model may call. A function of the caller is run when the model asks for it.
///
/// ```
/// # use propus_client::testing::{call, text};
/// # let replies = [call("weather", serde_json::json!({"city": "Oslo"})), text("It rains in Oslo.")];
/// # propus_client::testing::example(replies, async |client| {
/// use propus_client::Tool;
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Place {
///     /// The city's name.
///     city: String,
/// }
///
/// let weather = Tool::function("weather", "The weather in a city.", |place: Place| async move {
///     format!("rain in {}", place.city)
/// });
/// let model = client.model("gemini-flash-latest").tool(weather);
/// let reply = model.generate("How is the weather in Oslo?").await?;
/// assert_eq!(reply.text()?, "It rains in Oslo.");
/// assert_eq!(reply.turns().len(), 2);
/// # Ok(()) });
/// ```
#[derive(Clone)]
pub struct Tool(Kind);

#[derive(Clone)]
enum Kind {
    /// Run here.
    Function(Arc<Function>),
    /// Run by the server, or by the caller by hand.
    Declared(Box<Declared>),
    /// What cannot be declared, and what may help.
    #[cfg(feature = "schemars")]
    Unfit { what: String, hint: String },
}

/// Takes a call's arguments; gives the result, or why there is none, for the model.
type Run = dyn Fn(Map<String, Value>) -> BoxFuture<'static, Result<Value, String>> + Send + Sync;

struct Function {
    declaration: FunctionDeclaration,
    run: Box<Run>,
}

impl Tool {
    /// A function whose arguments are typed. The description is for the model, as are those of the
    /// arguments' fields. What it returns goes back to the model as JSON.
    ///
    /// A type whose schema the API cannot take is an error when the model is asked.
    #[cfg(feature = "schemars")]
    pub fn function<A, R, F>(
        name: impl Into<String>,
        description: impl Into<String>,
        run: impl Fn(A) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: serde::de::DeserializeOwned + schemars::JsonSchema,
        R: Serialize,
        F: Future<Output = R> + Send + 'static,
    {
        Self::typed(name, description, move |arguments| {
            let result = run(arguments);
            Box::pin(async move { written(&result.await) })
        })
    }

    /// The same for a function that may fail: the model is told of the failure and may go on.
    ///
    /// ```
    /// # use propus_client::testing::{call, text};
    /// # let replies = [call("divide", serde_json::json!({"dividend": 1, "divisor": 0})), text("That has no answer.")];
    /// # propus_client::testing::example(replies, async |client| {
    /// use propus_client::Tool;
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Division { dividend: i64, divisor: i64 }
    ///
    /// let divide = Tool::try_function("divide", "Divides.", |numbers: Division| async move {
    ///     numbers.dividend.checked_div(numbers.divisor).ok_or("there is no such number")
    /// });
    /// let model = client.model("gemini-flash-latest").tool(divide);
    /// model.generate("What is 1 / 0?").await?.text()?;
    /// # Ok(()) });
    /// ```
    #[cfg(feature = "schemars")]
    pub fn try_function<A, R, E, F>(
        name: impl Into<String>,
        description: impl Into<String>,
        run: impl Fn(A) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: serde::de::DeserializeOwned + schemars::JsonSchema,
        R: Serialize,
        E: fmt::Display,
        F: Future<Output = Result<R, E>> + Send + 'static,
    {
        Self::typed(name, description, move |arguments| {
            let result = run(arguments);
            Box::pin(async move {
                match result.await {
                    Ok(value) => written(&value),
                    Err(error) => Err(error.to_string()),
                }
            })
        })
    }

    #[cfg(feature = "schemars")]
    fn typed<A>(
        name: impl Into<String>,
        description: impl Into<String>,
        run: impl Fn(A) -> BoxFuture<'static, Result<Value, String>> + Send + Sync + 'static,
    ) -> Self
    where
        A: serde::de::DeserializeOwned + schemars::JsonSchema,
    {
        let name = name.into();
        let parameters = match crate::schema::of_arguments::<A>() {
            Ok(parameters) => parameters,
            Err(error) => {
                return Self(Kind::Unfit {
                    what: format!("the function `{name}`: {}", error.message()),
                    hint: error.hint().unwrap_or_default(),
                });
            }
        };
        let declaration = FunctionDeclaration {
            name: Some(name),
            description: Some(description.into()),
            parameters,
            ..Default::default()
        };
        Self::with_declaration(declaration, move |arguments| {
            match serde_json::from_value(Value::Object(arguments)) {
                Ok(arguments) => run(arguments),
                Err(error) => {
                    let told = format!("the arguments do not fit: {error}");
                    Box::pin(async { Err(told) })
                }
            }
        })
    }

    /// A function whose arguments are described by hand and come as JSON.
    ///
    /// ```
    /// use propus_client::{Tool, wire::schema::{Schema, Type}};
    ///
    /// let city = Schema { r#type: Some(Type::String), ..Default::default() };
    /// let place = Schema {
    ///     r#type: Some(Type::Object),
    ///     properties: [("city".to_owned(), city)].into_iter().collect(),
    ///     ..Default::default()
    /// };
    /// let weather = Tool::function_with_schema("weather", "The weather in a city.", place, |place| async move {
    ///     Ok(serde_json::json!({ "rain": true, "city": place["city"] }))
    /// });
    /// ```
    pub fn function_with_schema<F>(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: Schema,
        run: impl Fn(Map<String, Value>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Value, String>> + Send + 'static,
    {
        let declaration = FunctionDeclaration {
            name: Some(name.into()),
            description: Some(description.into()),
            parameters: Some(parameters),
            ..Default::default()
        };
        Self::with_declaration(declaration, move |arguments| Box::pin(run(arguments)))
    }

    fn with_declaration(
        declaration: FunctionDeclaration,
        run: impl Fn(Map<String, Value>) -> BoxFuture<'static, Result<Value, String>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Kind::Function(Arc::new(Function {
            declaration,
            run: Box::new(run),
        })))
    }

    /// A function that is only declared: the reply holds the call
    /// ([`Reply::function_calls`](crate::Reply::function_calls)), and the caller answers it.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([call("transfer", serde_json::json!({"euros": 5})), text("Done.")], async |client| {
    /// use propus_client::{Tool, wire::generate::{Content, FunctionDeclaration, FunctionResponse, Part}};
    ///
    /// let transfer = Tool::declaration(FunctionDeclaration {
    ///     name: Some("transfer".into()),
    ///     description: Some("Sends money.".into()),
    ///     ..Default::default()
    /// });
    /// let mut chat = client.model("gemini-flash-latest").tool(transfer).chat();
    /// let asked = chat.send("Send 5 euros to Ada.").await?;
    /// // The user is asked before anything is done; then the call is answered.
    /// for call in asked.function_calls() {
    ///     let answer = FunctionResponse { name: call.name.clone(), id: call.id.clone(), ..Default::default() };
    ///     let part = Part { function_response: Some(answer), ..Default::default() };
    ///     assert_eq!(chat.send(part).await?.text()?, "Done.");
    /// }
    /// # Ok(()) });
    /// ```
    pub fn declaration(declaration: FunctionDeclaration) -> Self {
        Self::declared(Declared {
            function_declarations: vec![declaration],
            ..Default::default()
        })
    }

    /// A tool as the API has it.
    pub fn declared(tool: Declared) -> Self {
        Self(Kind::Declared(Box::new(tool)))
    }

    /// Searches the web.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([text("Sunny.")], async |client| {
    /// use propus_client::Tool;
    ///
    /// let model = client.model("gemini-flash-latest").tool(Tool::google_search());
    /// model.generate("How is the weather in Oslo now?").await?.text()?;
    /// # Ok(()) });
    /// ```
    pub fn google_search() -> Self {
        Self::declared(Declared {
            google_search: Some(Map::new()),
            ..Default::default()
        })
    }

    /// Runs code on Google's side.
    pub fn code_execution() -> Self {
        Self::declared(Declared {
            code_execution: Some(Map::new()),
            ..Default::default()
        })
    }

    /// Reads the addresses that the prompt names.
    pub fn url_context() -> Self {
        Self::declared(Declared {
            url_context: Some(Map::new()),
            ..Default::default()
        })
    }

    /// Searches [stores](crate::Client::file_search_stores), `fileSearchStores/...`.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([text("Press the red button.")], async |client| {
    /// use propus_client::Tool;
    ///
    /// let handbooks = Tool::file_search(["fileSearchStores/s1"]);
    /// let model = client.model("gemini-flash-latest").tool(handbooks);
    /// model.generate("How do I stop it?").await?.text()?;
    /// # Ok(()) });
    /// ```
    pub fn file_search<S: Into<String>>(stores: impl IntoIterator<Item = S>) -> Self {
        let stores: Vec<Value> = stores
            .into_iter()
            .map(|store| Value::String(store.into()))
            .collect();
        let search = Map::from_iter([("fileSearchStoreNames".to_owned(), stores.into())]);
        Self::declared(Declared {
            file_search: Some(search),
            ..Default::default()
        })
    }

    /// The same as the API has it.
    pub(crate) fn to_wire(&self) -> Result<Declared, Error> {
        match &self.0 {
            Kind::Function(function) => Ok(Declared {
                function_declarations: vec![function.declaration.clone()],
                ..Default::default()
            }),
            Kind::Declared(tool) => Ok((**tool).clone()),
            #[cfg(feature = "schemars")]
            Kind::Unfit { what, hint } => Err(Error::setup(what.clone(), hint.clone())),
        }
    }

    /// Whether it is a function that is run here.
    pub(crate) fn is_run(&self) -> bool {
        matches!(self.0, Kind::Function(_))
    }

    /// Whether it is a function of this name that is run here.
    pub(crate) fn runs(&self, name: &str) -> bool {
        match &self.0 {
            Kind::Function(function) => function.declaration.name.as_deref() == Some(name),
            _ => false,
        }
    }

    /// Whether it declares a function of this name for the caller to answer.
    pub(crate) fn declares(&self, name: &str) -> bool {
        match &self.0 {
            Kind::Declared(tool) => tool
                .function_declarations
                .iter()
                .any(|function| function.name.as_deref() == Some(name)),
            _ => false,
        }
    }

    /// Runs the function.
    async fn run(&self, arguments: Map<String, Value>) -> Result<Value, String> {
        match &self.0 {
            Kind::Function(function) => (function.run)(arguments).await,
            _ => Err("it cannot be run here".into()),
        }
    }
}

/// What a call comes to, for the model.
pub(crate) async fn answer(tools: &[Tool], call: &FunctionCall) -> FunctionResponse {
    let name = call.name.as_deref().unwrap_or_default();
    let result = match tools.iter().find(|tool| tool.runs(name)) {
        Some(tool) => tool.run(call.args.clone().unwrap_or_default()).await,
        None => Err(format!("there is no function `{name}`")),
    };
    let response = match result {
        Ok(Value::Object(object)) => object,
        Ok(value) => Map::from_iter([("result".to_owned(), value)]),
        Err(error) => Map::from_iter([("error".to_owned(), error.into())]),
    };
    FunctionResponse {
        id: call.id.clone(),
        name: call.name.clone(),
        response: Some(response),
        ..Default::default()
    }
}

#[cfg(feature = "schemars")]
fn written(value: &impl Serialize) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|error| format!("the result is no JSON: {error}"))
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("Tool");
        match &self.0 {
            Kind::Function(function) => tuple.field(&function.declaration.name),
            Kind::Declared(tool) => tuple.field(tool),
            #[cfg(feature = "schemars")]
            Kind::Unfit { what, .. } => tuple.field(what),
        };
        tuple.finish()
    }
}
