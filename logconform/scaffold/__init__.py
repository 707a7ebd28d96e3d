"""New services: the template, where it is kept, and what is made of it. Copier does the rendering."""
