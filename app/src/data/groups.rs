//! How a list of sessions is arranged: by day, then by project, forks under their parent. Pure.

use std::{collections::HashMap, sync::Arc};

use orchestra_model::SessionId;

use super::SessionRow;

/// The sessions of one day.
#[derive(Clone, Debug, PartialEq)]
pub struct DayGroup {
    /// The day.
    pub day: i32,
    /// Its projects, the one active last first.
    pub projects: Vec<ProjectGroup>,
}

/// The sessions of one project on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectGroup {
    /// The project's folder, or its name where no folder is known: what tells projects apart.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its folder.
    pub dir: Option<String>,
    /// Its sessions, the one active last first.
    pub rows: Vec<Placed>,
}

/// A session at its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The session.
    pub row: Arc<SessionRow>,
    /// Whether it stands under the session it was forked from.
    pub nested: bool,
}

impl DayGroup {
    /// How many sessions the day has.
    pub fn len(&self) -> usize {
        self.projects.iter().map(|project| project.rows.len()).sum()
    }

    /// Whether it has none; a group never does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Arranges sessions by day, project and family.
pub fn group(rows: &[Arc<SessionRow>]) -> Vec<DayGroup> {
    let mut order: Vec<&Arc<SessionRow>> = rows.iter().collect();
    order.sort_by_key(|row| {
        (std::cmp::Reverse((row.day, row.order_ms.unwrap_or(row.active_ms))), row.id.clone())
    });
    let mut days: Vec<DayGroup> = Vec::new();
    let mut places: HashMap<(i32, &str), usize> = HashMap::new();
    for row in order {
        if days.last().is_none_or(|day| day.day != row.day) {
            days.push(DayGroup { day: row.day, projects: Vec::new() });
        }
        let Some(day) = days.last_mut() else { continue };
        let key = row.project_dir.as_deref().unwrap_or(&row.project);
        let place = *places.entry((row.day, key)).or_insert_with(|| {
            day.projects.push(ProjectGroup {
                key: key.to_owned(),
                name: row.project.clone(),
                dir: row.project_dir.clone(),
                rows: Vec::new(),
            });
            day.projects.len() - 1
        });
        if let Some(project) = day.projects.get_mut(place) {
            project.rows.push(Placed { row: Arc::clone(row), nested: false });
        }
    }
    for project in days.iter_mut().flat_map(|day| &mut day.projects) {
        project.rows = nest_forks(std::mem::take(&mut project.rows));
    }
    days
}

/// Puts each fork under its parent, and a family where its youngest member was.
fn nest_forks(rows: Vec<Placed>) -> Vec<Placed> {
    if rows.len() < 2 {
        return rows;
    }
    let heads = family_heads(&rows);
    let mut families: Vec<(SessionId, Vec<Placed>)> = Vec::new();
    let mut place: HashMap<SessionId, usize> = HashMap::new();
    for Placed { row, .. } in rows {
        let head = heads.get(&row.id).unwrap_or(&row.id).clone();
        let at = *place.entry(head.clone()).or_insert_with(|| {
            families.push((head.clone(), Vec::new()));
            families.len() - 1
        });
        let nested = head != row.id;
        if let Some((_, members)) = families.get_mut(at) {
            let index = if nested { members.len() } else { 0 };
            members.insert(index, Placed { row, nested });
        }
    }
    families.into_iter().flat_map(|(_, members)| members).collect()
}

/// For each fork the session it stands under: its named parent when that is here, else the oldest of its lineage.
fn family_heads(rows: &[Placed]) -> HashMap<SessionId, SessionId> {
    let mut oldest: HashMap<&str, &SessionRow> = HashMap::new();
    for Placed { row, .. } in rows {
        if let Some(lineage) = row.lineage.as_deref() {
            let held = oldest.entry(lineage).or_insert(row);
            let age = |row: &SessionRow| {
                (row.parent.is_some(), row.started_ms.unwrap_or(row.active_ms), row.active_ms)
            };
            if age(row) < age(held) {
                *held = row;
            }
        }
    }
    let parents: HashMap<&SessionId, &SessionId> = rows
        .iter()
        .filter_map(|Placed { row, .. }| {
            let named =
                row.parent.as_ref().filter(|parent| rows.iter().any(|other| other.row.id == **parent));
            let of_lineage =
                || row.lineage.as_deref().and_then(|lineage| oldest.get(lineage)).map(|head| &head.id);
            let parent = named.or_else(of_lineage)?;
            (*parent != row.id).then_some((&row.id, parent))
        })
        .collect();
    let top = |id: &SessionId| {
        let mut at = id.clone();
        // A chain of forks is never longer than the group; the bound also ends a cycle in damaged data.
        for _ in 0..rows.len() {
            match parents.get(&at) {
                Some(parent) => at = (*parent).clone(),
                None => return at,
            }
        }
        id.clone()
    };
    parents.keys().map(|id| ((*id).clone(), top(id))).collect()
}

#[cfg(test)]
mod tests;
