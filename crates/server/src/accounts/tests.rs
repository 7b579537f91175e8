//! Keys and projects over time.

use super::*;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

#[test]
fn the_first_start_makes_one_key() {
    let accounts = Accounts::in_memory().unwrap();
    let key = accounts.first_key(at(10)).unwrap().unwrap().key;
    assert_eq!(key.len(), KEY_LENGTH);
    assert!(key.starts_with(KEY_PREFIX));
    assert!(accounts.first_key(at(11)).unwrap().is_none());
    assert!(matches!(
        accounts.verify(&key, at(12)),
        Ok(Verdict::Valid(_))
    ));
    assert_eq!(
        accounts.verify("AIzaPropusX", at(12)).unwrap(),
        Verdict::Unknown
    );
}

#[test]
fn keys_end_by_time_and_by_hand() {
    let accounts = Accounts::in_memory().unwrap();
    let made = accounts
        .create_key(
            "default",
            "a",
            Some(at(100)),
            &Restrictions::default(),
            at(10),
        )
        .unwrap();
    assert!(matches!(
        accounts.verify(&made.key, at(99)),
        Ok(Verdict::Valid(_))
    ));
    assert_eq!(
        accounts.verify(&made.key, at(100)).unwrap(),
        Verdict::Expired
    );
    let other = accounts
        .create_key("default", "b", None, &Restrictions::default(), at(10))
        .unwrap();
    accounts.revoke(&other.id.to_string(), at(20)).unwrap();
    assert_eq!(
        accounts.verify(&other.key, at(20)).unwrap(),
        Verdict::Unknown
    );
}

#[test]
fn a_key_is_found_by_number_ending_or_whole() {
    let accounts = Accounts::in_memory().unwrap();
    let made = accounts
        .create_key("default", "a", None, &Restrictions::default(), at(1))
        .unwrap();
    for which in [
        made.id.to_string(),
        made.key[35..].to_owned(),
        made.key.clone(),
    ] {
        assert_eq!(accounts.expire(&which, at(5)).unwrap().expires, Some(5));
    }
    let error = accounts
        .revoke("AIzaPropusNOTTHEREatALL", at(1))
        .unwrap_err();
    assert!(!error.to_string().contains("NOTTHERE"));
}

#[test]
fn the_file_keeps_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("propus.db");
    let key = Accounts::open(&path)
        .unwrap()
        .first_key(at(1))
        .unwrap()
        .unwrap()
        .key;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let found = bytes
            .windows(key.len())
            .any(|window| window == key.as_bytes());
        assert!(!found);
    }
    let again = Accounts::open(&path).unwrap();
    assert!(matches!(again.verify(&key, at(2)), Ok(Verdict::Valid(_))));
}

#[test]
fn a_leaked_key_is_refused_and_a_restricted_one_says_so() {
    let accounts = Accounts::in_memory().unwrap();
    let only_maps = Restrictions {
        apis: vec!["maps.googleapis.com".into()],
        ..Restrictions::default()
    };
    let made = accounts
        .create_key("default", "a", None, &only_maps, at(1))
        .unwrap();
    let Verdict::Valid(caller) = accounts.verify(&made.key, at(2)).unwrap() else {
        panic!("the key was just made");
    };
    assert_eq!(
        caller.restrictions.admit(&Origin::default()),
        Err(Broken::Api)
    );
    accounts.restrict("1", &Restrictions::default()).unwrap();
    let Verdict::Valid(caller) = accounts.verify(&made.key, at(2)).unwrap() else {
        panic!("the key is good");
    };
    assert!(caller.restrictions.is_none());
    accounts.leak(&made.key, at(3)).unwrap();
    assert_eq!(accounts.verify(&made.key, at(3)).unwrap(), Verdict::Leaked);
}

#[test]
fn a_project_has_a_paid_tier_with_billing_only() {
    let accounts = Accounts::in_memory().unwrap();
    accounts.create_project("shop", at(1)).unwrap();
    let change = |tier, billing| {
        let change = ProjectChange {
            tier,
            billing,
            ..ProjectChange::default()
        };
        accounts.change_project("shop", &change)
    };
    assert_eq!(change(None, Some(true)).unwrap().plan.tier, Tier::Tier1);
    assert!(change(Some(Tier::Tier3), None).unwrap().billing);
    assert_eq!(change(None, Some(false)).unwrap().plan.tier, Tier::Free);
    for (tier, billing) in [(Tier::Free, true), (Tier::Tier2, false)] {
        let refused = change(Some(tier), Some(billing));
        assert!(matches!(refused, Err(AccountsError::TierAgainstBilling)));
    }
    let key = accounts
        .create_key("shop", "", None, &Restrictions::default(), at(2))
        .unwrap();
    let suspend = ProjectChange {
        suspended: Some(true),
        ..ProjectChange::default()
    };
    accounts.change_project("shop", &suspend).unwrap();
    let Verdict::Valid(caller) = accounts.verify(&key.key, at(3)).unwrap() else {
        panic!("the key itself is good");
    };
    assert!(caller.project.suspended);
}

#[test]
fn names_of_projects_are_plain_and_used_once() {
    let accounts = Accounts::in_memory().unwrap();
    accounts.create_project("a-1_B", at(1)).unwrap();
    let again = accounts.create_project("a-1_B", at(1));
    assert!(matches!(again, Err(AccountsError::ProjectExists(_))));
    for name in ["", "a b", "ä", &"x".repeat(31)] {
        let refused = accounts.create_project(name, at(1));
        assert!(
            matches!(refused, Err(AccountsError::ProjectName(_))),
            "{name}"
        );
    }
}
