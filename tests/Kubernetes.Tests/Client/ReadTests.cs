using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.Client;

public sealed class ReadTests
{
    private static readonly NamespacedName s_key = new("ns", "a");

    private static string Json(string name, string version = "1", string extra = "") =>
        $$$"""{"apiVersion":"test.kilonova.dev/v1","kind":"Widget","metadata":{"namespace":"ns","name":"{{{name}}}","uid":"u-{{{name}}}","resourceVersion":"{{{version}}}","managedFields":[{"manager":"x","fieldsV1":{"f:spec":{} } }]},"spec":{"color":"red"{{{extra}}}}}""";

    [Fact]
    public async Task Get_yields_the_object_without_managed_fields_and_with_unknown_ones()
    {
        await using var server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, Json("a", extra: ",\"shape\":\"round\"")));
        using var client = server.Client();

        var widget = await client.Resource(Widget.Type).GetAsync(s_key);

        Assert.Equal("u-a", widget!.Metadata.Uid);
        Assert.Null(widget.Metadata.Extensions);
        Assert.Equal("round", widget.Spec.Extensions!["shape"].GetString());
        Assert.Equal("GET /apis/test.kilonova.dev/v1/namespaces/ns/widgets/a", Assert.Single(server.Requests));
    }

    [Fact]
    public async Task Get_is_null_only_when_the_server_says_that_this_object_is_absent()
    {
        await using var server = await ScriptedServer.StartAsync(c => ScriptedServer.StatusAsync(c, 404, "NotFound", "widgets \\\"a\\\" not found", """{"name":"a","group":"test.kilonova.dev","kind":"widgets"}"""));
        using var client = server.Client();

        Assert.Null(await client.Resource(Widget.Type).GetAsync(s_key));
    }

    [Theory]
    [InlineData("""{"kind":"Status","status":"Failure","reason":"NotFound","message":"the server could not find the requested resource","details":{},"code":404}""")]
    [InlineData("""{"kind":"Status","status":"Failure","reason":"NotFound","message":"namespaces \"ns\" not found","details":{"name":"ns","kind":"namespaces"},"code":404}""")]
    [InlineData("404 page not found")]
    public async Task Get_throws_on_a_404_that_is_about_something_else(string body)
    {
        await using var server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, body, 404));
        using var client = server.Client();

        var error = await Assert.ThrowsAsync<KubernetesException>(() => client.Resource(Widget.Type).GetAsync(s_key));

        Assert.True(error.IsNotFound);
        Assert.False(error.IsObjectAbsent);
    }
}
