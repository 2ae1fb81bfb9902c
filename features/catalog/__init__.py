"""The features that exist, a file per family, with the relations they read, their dictionary and glossary."""
