"""The call-back desk: who is rung after an unhappy answer, who or what it was, and what the branches hear."""
