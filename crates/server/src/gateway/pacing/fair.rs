//! A queue that takes turns between callers: one who sends much waits behind itself only.

use std::collections::VecDeque;

/// Items of callers, each caller's in their order.
#[derive(Debug)]
pub(super) struct Fair<T> {
    /// Whose turn it is stands first; nobody stands here without an item.
    callers: VecDeque<(Box<str>, VecDeque<T>)>,
    items: usize,
}

impl<T> Default for Fair<T> {
    fn default() -> Self {
        Self {
            callers: VecDeque::new(),
            items: 0,
        }
    }
}

impl<T> Fair<T> {
    /// Puts an item behind those of the same caller.
    pub fn push(&mut self, caller: &str, item: T) {
        self.items += 1;
        let known = self
            .callers
            .iter_mut()
            .find(|(known, _)| **known == *caller);
        match known {
            Some((_, items)) => items.push_back(item),
            None => self.callers.push_back((caller.into(), [item].into())),
        }
    }

    /// The next one, which stays.
    pub fn next(&self) -> Option<&T> {
        self.callers.front()?.1.front()
    }

    /// Takes the next one; its caller stands behind all others then.
    pub fn pop(&mut self) -> Option<T> {
        let (caller, mut items) = self.callers.pop_front()?;
        let item = items.pop_front();
        self.items -= usize::from(item.is_some());
        if !items.is_empty() {
            self.callers.push_back((caller, items));
        }
        item
    }

    /// Drops items from the front as long as nobody wants them.
    pub fn drop_gone(&mut self, is_gone: impl Fn(&T) -> bool) {
        while let Some((_, items)) = self.callers.front_mut() {
            while items.front().is_some_and(&is_gone) {
                items.pop_front();
                self.items -= 1;
            }
            if !items.is_empty() {
                return;
            }
            self.callers.pop_front();
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn callers_take_turns() {
        let mut fair = Fair::default();
        for item in 0..4 {
            fair.push("a", ("a", item));
        }
        fair.push("b", ("b", 0));
        fair.push("c", ("c", 0));
        let order: Vec<_> = std::iter::from_fn(|| fair.pop()).collect();
        let expected = [("a", 0), ("b", 0), ("c", 0), ("a", 1), ("a", 2), ("a", 3)];
        assert_eq!(order, expected);
        assert!(fair.is_empty());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_each_caller_keeps_its_order(items in proptest::collection::vec((0..5_u8, any::<bool>()), 0..100)) {
            let mut fair = Fair::default();
            for (at, (caller, gone)) in items.iter().enumerate() {
                fair.push(&caller.to_string(), (*caller, at, *gone));
            }
            prop_assert_eq!(fair.len(), items.len());
            let mut came = Vec::new();
            loop {
                fair.drop_gone(|(_, _, gone)| *gone);
                match fair.pop() {
                    Some(item) => came.push(item),
                    None => break,
                }
            }
            prop_assert!(fair.is_empty());
            prop_assert_eq!(came.len(), items.iter().filter(|(_, gone)| !gone).count());
            for caller in 0..5 {
                let own: Vec<_> = came.iter().filter(|(one, ..)| *one == caller).map(|(_, at, _)| at).collect();
                prop_assert!(own.is_sorted());
            }
        }
    }
}
