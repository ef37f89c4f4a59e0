// The bundle imports what it is given an address of: a warning would print all of it.
module.exports = {
  module: { parser: { javascript: { exprContextCritical: false, unknownContextCritical: false } } },
};
