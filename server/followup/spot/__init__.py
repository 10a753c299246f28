"""What an overt round leaves behind besides its answers: fines on the spot, the manager's signature."""
