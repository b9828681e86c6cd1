# A tube with a verdict, or one the person was unscanned from, is no other open tube.
# Proves: refusal/other-tube-done
scan T100 ada 08:01
result T100 negative tested 09:00 reported 09:30
scan T200 ada 10:00
accepted
unscan T200 ada 10:01
scan T300 ada 10:02
accepted
