"""What the course's pages need besides the methods: exercises, headline results, diagrams."""
