//! Actions that stand in TCP and HTTP rulesets alike.

use super::{AFTER, ANSWER, CONNECTION, CONTENT, HTTP, REQUEST, RESPONSE, Row, SESSION, TCP, action};
use crate::rule::*;

const ALL: u8 = TCP | ANSWER | HTTP;
const STREAM: u8 = CONTENT | ANSWER | REQUEST | RESPONSE;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    action("attach-srv", SESSION, "SERVER [name EXPR]", attach_server, "Makes the connection one that its server side may use in reverse.", "attach-srv a/b"),
    action("capture", CONTENT, "EXPR len N", tcp_capture, "Captures a sample for the log.", "capture req.payload(0,8) len 8"),
    action("capture", HTTP, "EXPR len N | id N", capture, "Captures a sample for the log.", "capture str(x) len 8"),
    action("do-log", ALL, "[profile NAME]", do_log, "Sends a log line now.", "do-log"),
    action("do-resolve", CONTENT | REQUEST, "(VAR,RESOLVERS[,ipv4|ipv6]) EXPR", do_resolve, "Resolves a name into a variable.", "do-resolve(txn.ip,dns,ipv4) str(a.test)"),
    action("sc-add-gpc", ALL, "(GPC,SC) INT|EXPR", add_or_set_counter, "Adds to a general purpose counter.", "sc-add-gpc(0,0) 2"),
    action("sc-inc-gpc", ALL, "(GPC,SC)", increment_counter, "Increments a general purpose counter.", "sc-inc-gpc(0,0)"),
    action("sc-inc-gpc0", ALL, "(SC)", increment_counter_0, "Increments the first general purpose counter.", "sc-inc-gpc0(0)"),
    action("sc-inc-gpc1", ALL, "(SC)", increment_counter_0, "Increments the second general purpose counter.", "sc-inc-gpc1(0)"),
    action("sc-set-gpt", ALL, "(GPT,SC) INT|EXPR", add_or_set_counter, "Sets a general purpose tag.", "sc-set-gpt(0,0) 1"),
    action("sc-set-gpt0", ALL, "(SC) INT|EXPR", set_tag_0, "Sets the first general purpose tag.", "sc-set-gpt0(0) 1"),
    action("send-spoe-group", STREAM, "ENGINE GROUP", spoe_group, "Sends a group of SPOE messages.", "send-spoe-group a b"),
    action("set-bandwidth-limit", STREAM, "NAME [limit SIZE|EXPR] [period TIME|EXPR]", bandwidth, "Turns a bandwidth limit filter on.", "set-bandwidth-limit a limit 10m period 1s"),
    action("set-bc-mark", CONTENT | REQUEST, "INT|EXPR", number_or_expression, "Marks packets to the server.", "set-bc-mark 1"),
    action("set-bc-tos", CONTENT | REQUEST, "INT|EXPR", number_or_expression, "Sets the type of service of packets to the server.", "set-bc-tos 1"),
    action("set-dst", TCP | REQUEST, "EXPR", expression, "Changes the destination address.", "set-dst str(1.2.3.4)"),
    action("set-dst-port", TCP | REQUEST, "EXPR", expression, "Changes the destination port.", "set-dst-port int(80)"),
    action("set-fc-mark", TCP | ANSWER | REQUEST | RESPONSE, "INT|EXPR", number_or_expression, "Marks packets to the client.", "set-fc-mark 1"),
    action("set-fc-tos", TCP | ANSWER | REQUEST | RESPONSE, "INT|EXPR", number_or_expression, "Sets the type of service of packets to the client.", "set-fc-tos 1"),
    action("set-log-level", CONTENT | ANSWER | HTTP, "LEVEL|silent", log_level, "Changes the level of the log line.", "set-log-level silent"),
    action("set-mark", TCP | ANSWER | REQUEST | RESPONSE, "INT", mark, "Marks packets to the client.", "set-mark 0x1"),
    action("set-nice", STREAM, "INT", nice, "Changes the stream's scheduling.", "set-nice 10"),
    action("set-priority-class", CONTENT | REQUEST, "EXPR", expression, "Sets the class in the queue.", "set-priority-class int(1)"),
    action("set-priority-offset", CONTENT | REQUEST, "EXPR", expression, "Sets the place in the queue.", "set-priority-offset int(1)"),
    action("set-retries", CONTENT | REQUEST, "INT|EXPR", number_or_expression, "Changes the number of retries.", "set-retries 2"),
    action("set-src", TCP | REQUEST, "EXPR", expression, "Changes the source address.", "set-src str(1.2.3.4)"),
    action("set-src-port", TCP | REQUEST, "EXPR", expression, "Changes the source port.", "set-src-port int(80)"),
    action("set-tos", TCP | ANSWER | REQUEST | RESPONSE, "INT", mark, "Sets the type of service of packets to the client.", "set-tos 0x10"),
    action("set-var", ALL, "(VAR[,CONDITION]) EXPR", set_var, "Sets a variable from a sample.", "set-var(proc.a) int(1)"),
    action("set-var-fmt", ALL, "(VAR[,CONDITION]) FORMAT", set_var_fmt, "Sets a variable from a format.", "set-var-fmt(proc.a) x"),
    action("silent-drop", ALL & !AFTER, "[rst-ttl N]", silent_drop, "Drops the connection without telling the client.", "silent-drop"),
    action("track-sc", TCP | REQUEST | RESPONSE, "EXPR [table NAME]", track, "Tracks a key in a stick table.", "track-sc0 int(1) table t"),
    action("unset-var", ALL, "(VAR)", unset_var, "Forgets a variable.", "unset-var(proc.a)"),
    action("use-service", CONTENT | REQUEST, "NAME", service, "Lets a built-in service answer.", "use-service prometheus-exporter"),
    action("lua", CONTENT | ANSWER | REQUEST | RESPONSE, ".NAME WORDS", lua, "An action that Lua registers.", "lua.a"),
    action("reject", TCP | ANSWER | REQUEST, "", none, "Closes the connection.", "reject"),
    action("switch-mode", CONTENT, "http [proto NAME]", switch_mode, "Goes on as HTTP.", "switch-mode http"),
    action("accept", CONNECTION | SESSION | CONTENT | ANSWER, "", none, "Accepts and ends the rules.", "accept"),
];
