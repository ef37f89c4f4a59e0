/** A style sheet as text; the bundler minifies it. */
declare module "*.css" {
  const style: string;
  export default style;
}
