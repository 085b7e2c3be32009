//! Which call shows which section: those of one file together where they fit.

/// The calls of the sections of each file.
#[derive(Debug, PartialEq, Eq)]
pub struct Packed {
    /// For each file the call of each of its sections, from 0; `None` for a file that finds no room.
    pub calls_of: Vec<Option<Vec<usize>>>,
    /// How many calls the whole takes.
    pub needed: usize,
}

/// Divides the sections of files, given by their sizes, among at most so many calls of that size.
pub fn pack(files: &[Vec<usize>], bytes_per_call: usize, calls: usize) -> Packed {
    let whole = Calls::new(bytes_per_call, usize::MAX).take_all(files, Calls::together);
    let needed = whole.iter().flatten().flatten().max().map_or(0, |last| last + 1);
    if needed <= calls {
        return Packed { calls_of: whole, needed };
    }
    // Without holes it may take fewer.
    let mut tight = Calls::new(bytes_per_call, calls);
    let calls_of = tight.take_all(files, Calls::anywhere);
    let needed = if calls_of.iter().all(Option::is_some) { calls } else { needed };
    Packed { calls_of, needed }
}

/// The calls with how much of each is used.
struct Calls {
    used: Vec<usize>,
    bytes_per_call: usize,
    most: usize,
}

impl Calls {
    fn new(bytes_per_call: usize, most: usize) -> Self {
        Self { used: Vec::new(), bytes_per_call, most }
    }

    fn take_all(
        &mut self,
        files: &[Vec<usize>],
        take: impl Fn(&mut Self, &[usize]) -> Option<Vec<usize>>,
    ) -> Vec<Option<Vec<usize>>> {
        files.iter().map(|sections| take(self, sections)).collect()
    }

    /// The first call with room for all of a file; of a file that is larger than a call, new ones.
    fn together(&mut self, sections: &[usize]) -> Option<Vec<usize>> {
        let all: usize = sections.iter().sum();
        if all <= self.bytes_per_call {
            return self.first_with(all).map(|call| vec![call; sections.len()]);
        }
        let mut calls = Vec::with_capacity(sections.len());
        let mut first = self.used.len();
        for size in sections {
            let fits = |used: &usize| used + size <= self.bytes_per_call;
            let call = self.used[first..].iter().position(fits).map(|at| first + at);
            let call = call.or_else(|| self.begin(*size))?;
            self.used[call] += size;
            first = call;
            calls.push(call);
        }
        Some(calls)
    }

    /// For each section the first call with room, whatever it shows.
    fn anywhere(&mut self, sections: &[usize]) -> Option<Vec<usize>> {
        let before = self.used.clone();
        let calls = sections.iter().map(|size| self.first_with(*size)).collect();
        if Option::is_none(&calls) {
            self.used = before;
        }
        calls
    }

    /// Takes so much of the first call that has it.
    fn first_with(&mut self, size: usize) -> Option<usize> {
        let fits = |used: &usize| used + size <= self.bytes_per_call;
        let call = self.used.iter().position(fits).or_else(|| self.begin(size))?;
        self.used[call] += size;
        Some(call)
    }

    /// An empty call for something of that size.
    fn begin(&mut self, size: usize) -> Option<usize> {
        (self.used.len() < self.most && size <= self.bytes_per_call).then(|| {
            self.used.push(0);
            self.used.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Packed, pack};

    #[test]
    fn sections_of_a_file_share_a_call_where_they_fit() {
        let some = |calls: &[usize]| Some(calls.to_vec());
        for (files, most, calls_of, needed) in [
            // The second one leaves a hole rather than to be divided, and the third one fills it.
            (vec![vec![6], vec![3, 3], vec![4]], 3, vec![some(&[0]), some(&[1, 1]), some(&[0])], 2),
            // Larger than a call.
            (
                vec![vec![2], vec![6, 6, 3], vec![8]],
                9,
                vec![some(&[0]), some(&[1, 2, 2]), some(&[0])],
                3,
            ),
            // Divided where whole files would take more calls than there are.
            (vec![vec![6], vec![4, 4], vec![6]], 2, vec![some(&[0]), some(&[0, 1]), some(&[1])], 2),
            (vec![vec![6], vec![6], vec![4]], 1, vec![some(&[0]), None, some(&[0])], 2),
            (vec![], 0, vec![], 0),
            (vec![vec![1]], 0, vec![None], 1),
            // A file that finds no room for its last section takes none.
            (vec![vec![9], vec![1, 9], vec![1]], 1, vec![some(&[0]), None, some(&[0])], 2),
        ] {
            assert_eq!(pack(&files, 10, most), Packed { calls_of, needed }, "{files:?}");
        }
    }
}
