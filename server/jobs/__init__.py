"""Names to functions: what the worker does. Every job may run twice, and takes ids, never contents."""

from collections.abc import Callable

from server.jobs.reports import (
    count_again,
    empty_positions,
    follow_submissions,
    inspect_attachment,
    keep_orders,
    make_bulletins,
    open_call_back,
    open_reviews,
    propose_pay,
    raise_critical,
    sweep_photos,
    weigh_visit,
)
from server.jobs.rounds import (
    close_leavers,
    close_waves,
    draw_rolling_waves,
    draw_wave,
    fire_entry,
    follow_duty_forms,
    import_rows,
    inspect_duty_file,
    keep_duties,
    plan_timetables,
    preview_draw,
    release_reserves,
    sweep_trials,
)
from server.jobs.sealing import anchor_audit, seal_audit
from server.jobs.sending import (
    fetch_replies,
    follow_messages,
    launch_invitations,
    send_alerts,
    send_messages,
    send_reminders,
    sweep_messages,
    watch_sending,
)

FUNCTIONS: dict[str, Callable[..., None]] = {
    "send_messages": send_messages,
    "follow_messages": follow_messages,
    "fetch_replies": fetch_replies,
    "send_reminders": send_reminders,
    "watch_sending": watch_sending,
    "sweep_messages": sweep_messages,
    "launch_invitations": launch_invitations,
    "send_alerts": send_alerts,
    "preview_draw": preview_draw,
    "draw_wave": draw_wave,
    "inspect_attachment": inspect_attachment,
    "sweep_photos": sweep_photos,
    "follow_submissions": follow_submissions,
    "open_call_back": open_call_back,
    "raise_critical": raise_critical,
    "weigh_visit": weigh_visit,
    "empty_positions": empty_positions,
    "propose_pay": propose_pay,
    "make_bulletins": make_bulletins,
    "count_again": count_again,
    "open_reviews": open_reviews,
    "keep_orders": keep_orders,
    "release_reserves": release_reserves,
    "close_waves": close_waves,
    "sweep_trials": sweep_trials,
    "plan_timetables": plan_timetables,
    "fire_entry": fire_entry,
    "keep_duties": keep_duties,
    "follow_duty_forms": follow_duty_forms,
    "inspect_duty_file": inspect_duty_file,
    "import_rows": import_rows,
    "draw_rolling_waves": draw_rolling_waves,
    "close_leavers": close_leavers,
    "seal_audit": seal_audit,
    "anchor_audit": anchor_audit,
}


# The clock defers them again in seconds; a retry on top would only make two of them wait.
RECURRING = frozenset(
    {
        "send_messages",
        "follow_messages",
        "send_reminders",
        "watch_sending",
        "sweep_messages",
        "fetch_replies",
        "send_alerts",
        "follow_submissions",
        "sweep_photos",
        "seal_audit",
        "close_waves",
        "sweep_trials",
        "plan_timetables",
        "keep_duties",
        "follow_duty_forms",
        "empty_positions",
        "close_leavers",
        "propose_pay",
        "release_reserves",
    }
)
